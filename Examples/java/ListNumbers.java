import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Lists a project's numbers, as often at once as each line of input says. */
class ListNumbers {
    static final String TOKEN_URL = setting("TOKEN_URL", "https://auth.sinch.com/oauth2/token");
    static final String API_URL = setting("API_URL", "https://numbers.api.sinch.com");
    static final HttpClient http = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();

    static String token;
    static Instant until = Instant.MIN;

    /** The token that is there, or from a minute before it ends a new one, which is fetched once for all who wait. */
    static synchronized String token() throws IOException, InterruptedException {
        if (Instant.now().isBefore(until)) return token;

        var credentials = System.getenv("CLIENT_ID") + ":" + System.getenv("CLIENT_SECRET");
        var request = HttpRequest.newBuilder(URI.create(TOKEN_URL))
            .timeout(Duration.ofSeconds(10))
            .header("Authorization", "Basic " + Base64.getEncoder().encodeToString(credentials.getBytes()))
            .header("Content-Type", "application/x-www-form-urlencoded")
            .POST(HttpRequest.BodyPublishers.ofString("grant_type=client_credentials"))
            .build();
        var answer = http.send(request, BodyHandlers.ofString());
        if (answer.statusCode() != 200) throw new IOException(answer.statusCode() + " " + answer.body());
        token = member("\"access_token\":\"([^\"]+)\"", answer.body());
        until = Instant.now().plusSeconds(Long.parseLong(member("\"expires_in\":([0-9]+)", answer.body())) - 60);
        return token;
    }

    static String numbers() {
        try {
            var url = API_URL + "/v1/projects/" + System.getenv("PROJECT_ID") + "/activeNumbers";
            var request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(10))
                .header("Authorization", "Bearer " + token())
                .build();
            var answer = http.send(request, BodyHandlers.ofString());
            return answer.statusCode() == 200 ? answer.body() : "error: " + answer.statusCode() + " " + answer.body();
        } catch (Exception error) {
            return "error: " + error;
        }
    }

    public static void main(String[] arguments) throws Exception {
        var threads = Executors.newFixedThreadPool(50);
        var input = new BufferedReader(new InputStreamReader(System.in));
        for (var line = input.readLine(); line != null; line = input.readLine()) {
            Callable<String> call = ListNumbers::numbers;
            for (var answer : threads.invokeAll(Stream.generate(() -> call).limit(Integer.parseInt(line)).toList())) {
                System.out.println(answer.get());
            }
        }
        threads.shutdown();
    }

    /** A service would have a JSON library for this. */
    static String member(String pattern, String json) throws IOException {
        Matcher found = Pattern.compile(pattern).matcher(json);
        if (!found.find()) throw new IOException("no " + pattern + " in the token endpoint's answer");
        return found.group(1);
    }

    static String setting(String name, String otherwise) {
        return System.getenv().getOrDefault(name, otherwise);
    }
}
