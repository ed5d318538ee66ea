# Perl text work: count words, join neighbours, rewrite lines, sort by several keys.
use strict;
use warnings;

my (%count, %after, @lines);
my $last = '';
while (my $line = <>) {
    chomp $line;
    for my $word (map { lc } $line =~ /(\w+)/g) {
        $count{$word}++;
        $after{$last}{$word}++ if length $last;
        $last = $word;
    }
    (my $swapped = $line) =~ s/(\w+) (\w+)/$2 $1/g;
    push @lines, $swapped;
}
my @order = sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count;
for my $word (@order[0 .. 199]) {
    my $next = $after{$word};
    my @best = (sort { $next->{$b} <=> $next->{$a} || $a cmp $b } keys %{$next})[0 .. 2];
    printf "%-20s %6d %s\n", $word, $count{$word}, join ' ', grep { defined } @best;
}
print join("\n", (sort { length $a <=> length $b || $a cmp $b } @lines)[0 .. 50]), "\n";
