#!/usr/bin/perl
# phases.pl: commands for redis-cli --pipe: keys are filled in, three in four deleted at
# random, filled up again with values three times as large, and all flushed.
use strict;
use warnings;

my $state = 3;

sub below {
    my ($limit) = @_;
    $state = ($state * 1103515245 + 12345) & 0x7fffffff;
    return int(($state >> 4) / 0x8000000 * $limit);
}

sub set {
    my ($key, $bytes) = @_;
    printf "SET session:%06d %s\r\n", $key, 'x' x $bytes;
    return;
}

my $keys = 12000;
set($_, 16 + below(480)) for 1 .. $keys;
my @gone = grep { below(4) > 0 } 1 .. $keys;
printf "DEL session:%06d\r\n", $_ for @gone;
set($_, 3 * (16 + below(480))) for @gone;
print "FLUSHALL\r\n";
set($_, 100) for 1 .. 1000;
