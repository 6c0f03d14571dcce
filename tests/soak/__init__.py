"""`make soak`: clients come and go for as long as one likes; a ledger knows what each must get."""
