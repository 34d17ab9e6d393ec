// Gets one URL at 0, 20 and 40 seconds, on new connections, and prints what came.
import java.net.HttpURLConnection;
import java.net.URL;

class Poll {
    public static void main(String[] args) throws Exception {
        System.setProperty("http.keepAlive", "false");
        for (int at = 0; at <= 40; at += 20) {
            System.out.println(at + " s: " + get(args[0]));
            Thread.sleep(20_000);
        }
    }

    static String get(String url) {
        try {
            HttpURLConnection connection = (HttpURLConnection) new URL(url).openConnection();
            connection.setConnectTimeout(2000);
            connection.setReadTimeout(2000);
            return new String(connection.getInputStream().readAllBytes());
        } catch (Exception e) {
            return "failed, " + e;
        }
    }
}
