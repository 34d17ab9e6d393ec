import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/** Fetches URLs with a connect timeout of 10 s and a request timeout of 20 s; says how each ended. */
class Fetch {
    public static void main(String[] urls) throws Exception {
        HttpClient client = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10)).build();
        int failed = 0;
        for (String url : urls) {
            HttpRequest request = HttpRequest.newBuilder(URI.create(url))
                    .timeout(Duration.ofSeconds(20))
                    .build();
            try {
                int status = client.send(request, BodyHandlers.ofString()).statusCode();
                System.out.println(url + " status " + status);
            } catch (java.io.IOException error) {
                System.out.println(url + " " + error);
                failed = 1;
            }
        }
        System.exit(failed);  // the client's own thread is a daemon only in later releases
    }
}
