// Writes the types of the feeds' messages to stdout: TypeScript made of /asyncapi.json, which comes by stdin.
import {readFileSync} from "node:fs";
import {compile} from "json-schema-to-typescript";

const {schemas} = JSON.parse(readFileSync(0, "utf8")).components;
const local = JSON.stringify(schemas).replaceAll("#/components/schemas/", "#/definitions/");
const root = {
  title: "Feeds",
  type: "object",
  additionalProperties: false,
  definitions: JSON.parse(local),
};
// The document lets later versions add members; what is generated names those of this one.
const OPTIONS = {unreachableDefinitions: true, additionalProperties: false, bannerComment: ""};
process.stdout.write(await compile(root, "Feeds", OPTIONS));
