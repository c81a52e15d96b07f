"""The pages that commands write: what a template of `multirt.pages` is given."""
