import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Fetches a URL with a connect timeout of 10 s and a request timeout of 20 s; says how it ended. */
class Fetch {
    public static void main(String[] urls) throws Exception {
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
        HttpRequest request = HttpRequest.newBuilder(URI.create(urls[0]))
                .timeout(Duration.ofSeconds(20))
                .build();
        try {
            System.out.println("status " + client.send(request, BodyHandlers.ofString()).statusCode());
        } catch (java.io.IOException error) {
            System.out.println(error);
            System.exit(1);
        }
        System.exit(0);  // the client's own thread is a daemon only in later releases
    }
}
