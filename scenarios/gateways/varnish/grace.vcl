# Answers are fresh for 5 s, and given for ten minutes more when the upstream does not answer in time.
vcl 4.1;
backend default {
    .host = "upstream";
    .port = "9000";
    .first_byte_timeout = 20s;
}
sub vcl_backend_response {
    set beresp.ttl = 5s;
    if (bereq.url == "/strict") {
        set beresp.grace = 0s;
    } else {
        set beresp.grace = 10m;
    }
}
