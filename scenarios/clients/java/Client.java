import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Asks for each URL with java.net.http and a request timeout of 15 s; says how it ended and when. */
class Client {
    public static void main(String[] urls) throws Exception {
        HttpClient client = HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .connectTimeout(Duration.ofSeconds(40))
                .build();
        for (String url : urls) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(Duration.ofSeconds(15))
                    .build();
            long begin = System.nanoTime();
            String end;
            try {
                end = client.send(request, BodyHandlers.ofString()).body().length() + " bytes";
            } catch (java.io.IOException error) {
                end = error.getClass().getSimpleName() + " " + error.getMessage();
            }
            double seconds = (System.nanoTime() - begin) / 1e9;
            System.out.printf("%s: %s after %.0f s%n", request.uri().getPath(), end, seconds);
        }
        System.exit(0);  // the client's own thread is a daemon only in later releases
    }
}
