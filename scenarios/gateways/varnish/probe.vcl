# An upstream that Varnish probes each 5 s; sick when three of the last five probes have failed.
vcl 4.1;
probe alive {
    .url = "/alive";
    .interval = 5s;
    .timeout = 2s;
    .window = 5;
    .threshold = 3;
    .initial = 5;
}
backend default {
    .host = "upstream";
    .port = "9000";
    .first_byte_timeout = 20s;
    .probe = alive;
}
sub vcl_recv { return (pass); }
