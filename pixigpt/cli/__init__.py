"""The command line, on the public API only. Needs the extra: `pip install "pixigpt[cli]"`."""
