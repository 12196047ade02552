"""`python -m pruefpfad.cli`: the same as the command `pruefpfad`."""

from pruefpfad.cli.root import main

main()
