# One upstream behind Varnish, with a different timeout for each thing that can hang.
vcl 4.1;
backend default {
    .host = "upstream";
    .port = "9000";
    .connect_timeout = 5s;
    .first_byte_timeout = 20s;
    .between_bytes_timeout = 10s;
}
sub vcl_recv { return (pass); }
