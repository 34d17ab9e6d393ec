import java.net.HttpURLConnection;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;

/**
 * Asks each URL behind `both` with java.net.http and with HttpURLConnection, 3 s to connect and 5 s to
 * read; behind `old` with the latter alone, and behind `patient` so without any timeout. Prints the
 * exceptions as a log would have them.
 */
class Errors {
    interface Ask { int from(URI uri) throws Exception; }

    static final HttpClient client = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(3))
            .build();

    public static void main(String[] arguments) {
        String mode = "";
        for (String word : arguments) {
            if (!word.contains("/")) {
                mode = word;
                continue;
            }
            if (mode.equals("both")) report("HttpClient", word, Errors::fresh);
            boolean patient = mode.equals("patient");
            report("HttpURLConnection", word, uri -> old(uri, patient ? 0 : 1000));
        }
        System.exit(0);  // the client's own thread is a daemon only in later releases
    }

    static int fresh(URI uri) throws Exception {
        var request = HttpRequest.newBuilder(uri).timeout(Duration.ofSeconds(5)).build();
        return client.send(request, BodyHandlers.ofByteArray()).body().length;
    }

    static int old(URI uri, int second) throws Exception {
        var connection = (HttpURLConnection) uri.toURL().openConnection();
        connection.setConnectTimeout(3 * second);
        connection.setReadTimeout(5 * second);
        return connection.getInputStream().readAllBytes().length;
    }

    static void report(String library, String url, Ask ask) {
        URI uri = URI.create(url);
        String end;
        try {
            end = ask.from(uri) + " bytes";
        } catch (Exception error) {
            end = error.toString();
        }
        System.out.println(uri.getHost() + ", " + library + ": " + end);
    }
}
