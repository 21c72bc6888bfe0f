"""What talks to a language model: the writer and the critic, each model-backed or offline."""
