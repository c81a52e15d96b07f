"""The workflow for GitHub that tests a matrix: one job for each cell."""

from __future__ import annotations

WORKFLOW = """\
on: [push, pull_request]
permissions: { contents: read }
jobs:
  build:
    runs-on: ubuntu-latest
    outputs:
      matrix: ${{ steps.cells.outputs.matrix }}
    steps:
      - uses: actions/checkout@v7
      - run: pipx install multirt
      - run: pipx run build --wheel
      - id: cells
        run: echo "matrix=$(multirt matrix list --github)" >> "$GITHUB_OUTPUT"
      - uses: actions/upload-artifact@v7
        with: { name: wheel, path: dist/*.whl }
  test:
    needs: build
    runs-on: ubuntu-latest
    continue-on-error: ${{ matrix.may-fail }}
    strategy:
      fail-fast: false
      matrix: ${{ fromJSON(needs.build.outputs.matrix) }}
    steps:
      - uses: actions/checkout@v7
      - uses: actions/setup-python@v7
        with: { python-version: "${{ matrix.python }}" }
      - uses: actions/download-artifact@v8
        with: { name: wheel, path: dist }
      - run: pipx install multirt
      - env: { CELL: "${{ matrix.name }}" }
        run: >-
          multirt matrix -e "$CELL" --wheel dist/*.whl
          --report json=result-${{ strategy.job-index }}.json
      - if: always()
        uses: actions/upload-artifact@v7
        with: { name: "result-${{ strategy.job-index }}", path: "result-*.json" }
  report:
    needs: test
    if: always()
    runs-on: ubuntu-latest
    steps:
      - run: pipx install multirt
      - uses: actions/download-artifact@v8
        with: { pattern: "result-*", merge-multiple: true }
      - run: >-
          multirt matrix merge result-*.json
          --report html=report.html --report junit=report.xml
      - if: always()
        uses: actions/upload-artifact@v7
        with: { name: report, path: "report.*" }"""
