import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.WebSocket;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.TimeUnit;
import java.io.ByteArrayInputStream;

/** The JDK's own client as it comes: it prefers HTTP/2, so its first request offers h2c. */
public class Edge {
    public static void main(String[] arguments) throws Exception {
        String server = arguments[0];
        for (int turn = 0; turn < 3; turn++) {
            // A client of its own each time: each begins with an offer.
            HttpClient client = HttpClient.newHttpClient();
            for (String title : List.of("a" + turn, "b" + turn)) {
                String body = "{\"title\":\"" + title + "\",\"event_date\":\"2030-01-01T10:00:00\",\"city\":\"Olinda\"}";
                // Without a length it is sent in chunks, with one it has a Content-Length.
                HttpRequest.BodyPublisher publisher = turn == 1
                    ? BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(body.getBytes()))
                    : BodyPublishers.ofString(body);
                HttpRequest request = HttpRequest.newBuilder(URI.create(server + "/api/v1/eventos"))
                    .header("Content-Type", "application/json").POST(publisher).build();
                HttpResponse<String> answer = client.send(request, BodyHandlers.ofString());
                System.out.println("POST " + answer.statusCode() + " " + answer.version());
            }
            HttpRequest list = HttpRequest.newBuilder(URI.create(server + "/api/v1/eventos?limit=1")).build();
            System.out.println("GET " + client.send(list, BodyHandlers.ofString()).statusCode());
        }
        System.out.println("WS " + hello(server.replace("http", "ws") + "/ws/eventos").get(20, TimeUnit.SECONDS));
    }

    private static CompletableFuture<String> hello(String url) {
        CompletableFuture<String> heard = new CompletableFuture<>();
        HttpClient.newHttpClient().newWebSocketBuilder().buildAsync(URI.create(url), new WebSocket.Listener() {
            @Override
            public CompletionStage<?> onText(WebSocket socket, CharSequence text, boolean isLast) {
                heard.complete(text.toString().contains("\"hello\"") ? "hello" : text.toString());
                return WebSocket.Listener.super.onText(socket, text, isLast);
            }
        });
        return heard;
    }
}
