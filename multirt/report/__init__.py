"""Everything that multirt shows or writes: terminal, JSON, HTML, JUnit, Markdown, SARIF."""
