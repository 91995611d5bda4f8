#!/usr/bin/env perl
# Lists a project's numbers, as often at once as each line of input says.
use v5.36;
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64;

my $token_url = $ENV{TOKEN_URL} // 'https://auth.sinch.com/oauth2/token';
my $api_url   = $ENV{API_URL}   // 'https://numbers.api.sinch.com';
my $http      = HTTP::Tiny->new(timeout => 10, verify_SSL => 1);
my ($token, $until) = ('', 0);

# The token that is there, or from a minute before it ends a new one.
sub access_token() {
    return $token if time < $until;
    my $basic  = encode_base64("$ENV{CLIENT_ID}:$ENV{CLIENT_SECRET}", '');
    my $answer = $http->post_form(
        $token_url, { grant_type => 'client_credentials' }, { headers => { Authorization => "Basic $basic" } });
    die "$answer->{status} $answer->{content}\n" unless $answer->{success};
    my $body = decode_json($answer->{content});
    ($token, $until) = ($body->{access_token}, time + $body->{expires_in} - 60);
    return $token;
}

sub numbers($token) {
    my $answer = $http->get("$api_url/v1/projects/$ENV{PROJECT_ID}/activeNumbers",
        { headers => { Authorization => "Bearer $token" } });
    return $answer->{success} ? $answer->{content} : "error: $answer->{status} $answer->{content}";
}

$| = 1;
while (my $count = <STDIN>) {
    my $token = eval { access_token() };
    my $error = $@ =~ s/\s+/ /gr;
    for (1 .. $count) {
        next if fork;
        say $token ? numbers($token) : "error: $error";
        exit;
    }
    1 while wait > 0;
}
