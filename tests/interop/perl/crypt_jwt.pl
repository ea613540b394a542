# Tokens of Perl's Crypt::JWT: each job of standard input is a line of JSON, and so is each answer.
use strict;
use warnings;
use Crypt::JWT qw(decode_jwt encode_jwt);
use JSON;

my $json = JSON->new->utf8->canonical;

sub sign {
    my $job = shift;
    my $own = $job->{key}{secret} // $job->{key}{jwk};
    my %header = (typ => "JWT");
    $header{kid} = $job->{kid} if $job->{kid};
    my %given = (alg => $job->{alg}, key => $own, extra_headers => \%header);
    return { token => encode_jwt(%given, payload => $json->encode($job->{claims})) };
}

sub verify {
    my $job = shift;
    my $secret = $job->{keys}{secret};
    my %given = $secret ? (key => $secret) : (kid_keys => $job->{keys});
    my %rules = (accepted_alg => $job->{alg}, verify_exp => 1, verify_iat => undef);
    return { claims => decode_jwt(token => $job->{token}, %given, %rules) };
}

$| = 1;
while (my $line = <STDIN>) {
    my $job = $json->decode($line);
    my $answer = eval { $job->{do} eq "sign" ? sign($job) : verify($job) };
    print $json->encode($answer // { error => "$@" }), "\n";
}
