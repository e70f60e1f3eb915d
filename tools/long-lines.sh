#!/usr/bin/env bash
# Lists the lines of Go code that are longer than 100 columns (a tab counts 4), below a folder, and
# counts them by folder: tools/long-lines.sh repo
set -euo pipefail
cd "$(dirname "$0")/.."
git ls-files -- "${1:-.}" | grep '\.go$' | xargs perl -CSD -ne '
	chomp;
	s/\t/    /g;
	if (length > 100 && !m{^//go:|https?://|//nolint}) {
		print "$ARGV:$.: " . length . "\n";
		($folder = $ARGV) =~ s{[^/]*$}{};
		$n{$folder}++;
	}
	close ARGV if eof;
	END { printf "%5d %s\n", $n{$_}, $_ for sort keys %n }'
