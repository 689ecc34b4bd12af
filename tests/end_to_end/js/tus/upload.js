// Uploads a file with tus-js-client as its documentation shows; prints its address and how often it resumed.
import {createReadStream, readFileSync} from "node:fs";
import {Upload} from "tus-js-client";

const [endpoint, path, uploadId, parallelUploads = "1"] = process.argv.slice(2);
let attempts = 0;

const upload = new Upload(parallelUploads === "1" ? createReadStream(path) : readFileSync(path), {
  endpoint,
  parallelUploads: Number(parallelUploads),
  retryDelays: Array.from({length: 100}, () => 20),
  metadata: {filename: "agenda.csv", upload_id: uploadId},
  onBeforeRequest: (request) => void (attempts += request.getMethod() === "PATCH"),
  onError: (error) => {
    console.error(String(error));
    process.exitCode = 1;
  },
  onSuccess: () => {
    console.log(JSON.stringify({url: upload.url, attempts}));
    // Requests that were cut leave sockets behind, which would keep this process.
    process.exit();
  },
});
upload.start();
