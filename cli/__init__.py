"""`proofroom …` on the command line; where everything is put together."""
