#!/usr/bin/perl
# inputs.pl: writes more inputs for the held-out programs into the current folder, the same
# on every machine: a grammar, a graph, clauses and a puzzle.
use strict;
use warnings;

my $state = 20261126;

sub below {
    my ($limit) = @_;
    $state = ($state * 1103515245 + 12345) & 0x7fffffff;
    return int(($state >> 4) / 0x8000000 * $limit);
}

sub write_file {
    my ($name, $text) = @_;
    open my $file, '>', $name or die "$name: $!\n";
    print {$file} $text;
    close $file or die "$name: $!\n";
    return;
}

# Statements and operators, each with a level of its own.
sub write_grammar {
    my $text = "%token NUMBER NAME\n%%\nprogram: | program statement;\n";
    my $levels = 28;
    $text .= join '', map { "statement: 'a' NAME \"word$_\" expression0 ';' | \"word$_\" '(' expression0 ')' statement;\n" } 1 .. 60;
    for my $level (0 .. $levels - 1) {
        my $next = 'expression' . ($level + 1);
        $text .= "expression$level: $next | expression$level \"op$level\" $next | expression$level \"other$level\" $next;\n";
    }
    $text .= "expression$levels: NUMBER | NAME | '(' expression0 ')' | NAME '[' expression0 ']';\n";
    write_file('grammar.y', $text);
    return;
}

sub write_graph {
    my $text = "digraph g {\n";
    for my $node (1 .. 130) {
        $text .= "  n$node [label=\"node $node\\nof the graph\"];\n";
        $text .= sprintf "  n%d -> n%d;\n", 1 + below($node), $node for 1 .. 1 + below(2);
    }
    write_file('graph.dot', "$text}\n");
    return;
}

sub write_clauses {
    my ($variables, $clauses) = (260, 1092);
    my $text = "p cnf $variables $clauses\n";
    for (1 .. $clauses) {
        my %seen;
        $seen{ 1 + below($variables) } = 1 while keys %seen < 3;
        $text .= join(' ', map { below(2) ? $_ : -$_ } sort { $a <=> $b } keys %seen) . " 0\n";
    }
    write_file('clauses.cnf', $text);
    return;
}

# A Latin square of integers with some numbers given.
sub write_puzzle {
    my $n = 8;
    my $text = "(set-logic QF_LIA)\n";
    for my $i (0 .. $n - 1) {
        $text .= "(declare-const x${i}_$_ Int)\n(assert (and (<= 1 x${i}_$_) (<= x${i}_$_ $n)))\n" for 0 .. $n - 1;
    }
    for my $i (0 .. $n - 1) {
        $text .= '(assert (distinct ' . join(' ', map { "x${i}_$_" } 0 .. $n - 1) . "))\n";
        $text .= '(assert (distinct ' . join(' ', map { "x${_}_$i" } 0 .. $n - 1) . "))\n";
        $text .= sprintf "(assert (= x%d_%d %d))\n", $i, $i * 3 % $n, 1 + ($i * 5) % $n;
    }
    write_file('puzzle.smt2', "$text(check-sat)\n(get-model)\n");
    return;
}

write_grammar();
write_graph();
write_clauses();
write_puzzle();
