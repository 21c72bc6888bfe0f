"""What a workspace has to write about and with: projects, files and their text, outputs, templates, profiles."""
