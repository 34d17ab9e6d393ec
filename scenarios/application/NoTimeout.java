import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;

/** Asks for a URL with java.net.http as its documentation shows it: without any timeout. */
class NoTimeout {
    public static void main(String[] arguments) throws Exception {
        var request = HttpRequest.newBuilder(URI.create(arguments[0])).build();
        var response = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
        System.out.println("status " + response.statusCode());
    }
}
