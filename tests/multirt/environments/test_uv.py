"""Why uv failed, read from recorded output of uv 0.13."""

# ruff: noqa: E501 - recorded text

from __future__ import annotations

import pytest

from multirt.environments.uv import FailureKind, read_failure

_HEAD = "error: No solution found when resolving dependencies:\n  cause: "
_UNSATISFIABLE = "we can conclude that your requirements are unsatisfiable."


@pytest.mark.parametrize(
    ("kind", "lasting", "full"),
    [
        pytest.param(
            FailureKind.UNSATISFIABLE,
            True,
            f"{_HEAD}Because only alpha<=2.0 is available and you require alpha>5, {_UNSATISFIABLE}",
            id="no such version",
        ),
        pytest.param(
            FailureKind.UNSATISFIABLE,
            True,
            f"{_HEAD}Because nosuch was not found in the package registry and you require nosuch,"
            f" {_UNSATISFIABLE}",
            id="no such name",
        ),
        pytest.param(
            FailureKind.UNSATISFIABLE,
            False,
            f"{_HEAD}Because there are no versions of alpha and you require alpha, {_UNSATISFIABLE}",
            id="another page in place of the index",
        ),
        pytest.param(
            FailureKind.UNREACHABLE,
            False,
            f"{_HEAD}Because alpha was not found in the cache and you require alpha,"
            f" {_UNSATISFIABLE}\n\nhint: Packages were unavailable because the network was disabled."
            " When the network is disabled, registry packages may only be read from the cache.",
            id="offline",
        ),
        pytest.param(
            FailureKind.DENIED,
            False,
            f"{_HEAD}Because alpha was not found in the package registry and you require alpha,"
            f" {_UNSATISFIABLE}\n\nhint: An index (http://127.0.0.1/simple) returned a 403 Forbidden"
            " error. Check that the index URL is correct and the credentials are valid.",
            id="forbidden",
        ),
        pytest.param(
            FailureKind.DENIED,
            False,
            f"{_HEAD}Because alpha was not found in the package registry and you require alpha,"
            f" {_UNSATISFIABLE}\n\nhint: An index URL (http://127.0.0.1/simple) could not be queried"
            " due to a lack of valid authentication credentials (401 Unauthorized)",
            id="unauthorized",
        ),
        pytest.param(
            FailureKind.DENIED,
            False,
            "error: Failed to fetch: http://127.0.0.1/f/alpha-2.0-py3-none-any.whl\n  cause: HTTP"
            " status client error (403 Forbidden) for url (http://127.0.0.1/f/alpha.whl)",
            id="forbidden file",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            f"{_HEAD}Because all versions of alpha have an invalid package format and you require"
            f" alpha, {_UNSATISFIABLE}\n\nhint: The structure of `alpha` (v2.0) was invalid:\n"
            "  The .dist-info directory `beta-1.0` does not start with the normalized package name:"
            " alpha",
            id="the files of another distribution",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            "error: Failed to download `alpha==2.0`\n  cause: Failed to extract archive:"
            " alpha-2.0-py3-none-any.whl\n  cause: Invalid zip file structure\n  cause: Encountered"
            " an unexpected header (actual: 0x6d74683c, expected: 0x4034b50).",
            id="HTML in place of a wheel",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            "error: Failed to download `alpha==2.0`\n  cause: Failed to extract archive:"
            " alpha-2.0-py3-none-any.whl\n  cause: Bad uncompressed size (got 00000009, expected"
            " 00000063) for file: alpha-2.0.dist-info/RECORD",
            id="truncated wheel",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            "error: Failed to download `alpha==2.0`\n  cause: Failed to write to the distribution"
            " cache\n  cause: error decoding response body\n  cause: request or response body"
            " error\n  cause: error reading a body from connection\n  cause: end of file before"
            " message length reached",
            id="connection cut",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            "error: Failed to fetch: http://127.0.0.1/f/alpha-2.0-py3-none-any.whl\n  cause: HTTP"
            " status client error (404 Not Found) for url (http://127.0.0.1/f/alpha.whl)",
            id="file gone",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            "error: Received some unexpected JSON from `http://127.0.0.1/simple/alpha/`\n"
            "  cause: EOF while parsing a list at line 1 column 11",
            id="truncated JSON",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            'error: Unsupported `Content-Type` "text/plain" for `http://127.0.0.1/simple/alpha/`.'
            " Expected JSON or HTML.",
            id="plain text in place of the index",
        ),
        pytest.param(
            FailureKind.DOWNLOAD,
            False,
            "error: Failed to download and build `a @ git+http://127.0.0.1:9/x`\n  cause: Git"
            " operation failed\n  cause: failed to clone into: /tmp/git-v2/db/d24",
            id="git",
        ),
        pytest.param(
            FailureKind.UNREACHABLE,
            False,
            "error: Request failed after 1 retry in 1.6s\n  cause: Failed to fetch:"
            " http://127.0.0.1/simple/alpha/\n  cause: HTTP status server error (500 Internal Server"
            " Error) for url (http://127.0.0.1/simple/alpha/)",
            id="server error",
        ),
        pytest.param(
            FailureKind.UNREACHABLE,
            False,
            "error: Request failed after 1 retry in 1.2s\n  cause: Failed to fetch:"
            " http://127.0.0.1/simple/alpha/\n  cause: HTTP status client error (429 Too Many"
            " Requests) for url (http://127.0.0.1/simple/alpha/)",
            id="too many requests",
        ),
        pytest.param(
            FailureKind.UNREACHABLE,
            False,
            "error: Request failed after 1 retry in 7.5s\n  cause: Failed to fetch:"
            " http://127.0.0.1/simple/alpha/\n  cause: error sending request for url"
            " (http://127.0.0.1/simple/alpha/)\n  cause: operation timed out",
            id="slow",
        ),
        pytest.param(
            FailureKind.UNREACHABLE,
            False,
            "error: Failed to download `alpha @ http://127.0.0.1:9/alpha-1.0-py3-none-any.whl`\n"
            "  cause: Request failed after 1 retry in 1.9s\n  cause: Failed to fetch:"
            " http://127.0.0.1:9/alpha-1.0-py3-none-any.whl\n  cause: error sending request for url"
            " (http://127.0.0.1:9/alpha-1.0-py3-none-any.whl)\n  cause: client error (Connect)\n"
            "  cause: tcp connect error\n  cause: Connection refused (os error 111)",
            id="absent",
        ),
        pytest.param(
            FailureKind.REQUIREMENT,
            False,
            "error: Couldn't parse requirement in `-` at position 0\n  cause: Unexpected end of"
            " version specifier, expected version\n         alpha<\n              ^",
            id="requirement",
        ),
        pytest.param(
            FailureKind.INTERPRETER,
            False,
            "error: Failed to inspect Python interpreter from provided path at `/bin/true`\n  cause:"
            " Querying Python at `/bin/true` returned an invalid response: EOF while parsing a value"
            " at line 1 column 0",
            id="no answer of a runtime",
        ),
        pytest.param(
            FailureKind.INTERPRETER,
            False,
            "error: Unknown implementation: `spamlang`",
            id="unknown implementation",
        ),
        pytest.param(FailureKind.OTHER, False, "error: Permission denied", id="other"),
    ],
)
def test_kind_of_a_failure(kind: FailureKind, full: str, *, lasting: bool) -> None:
    failure = read_failure(full)
    assert (failure.kind, failure.lasting) == (kind, lasting)
    assert failure.summary
    assert "\n" not in failure.summary


@pytest.mark.parametrize(
    ("story", "summary"),
    [
        pytest.param(
            "Because x was not found in the package registry and you require x, we can conclude"
            " that your requirements are unsatisfiable.",
            "x was not found in the package registry and you require x",
            id="one step",
        ),
        pytest.param(
            "Because flask>=3.0.0 depends on click>=8.1.3 and you require click<7, we can"
            " conclude that your requirements and flask>=3.0.0 are incompatible.\n"
            "  And because you require flask>=3, we can conclude that your requirements are"
            " unsatisfiable.",
            "flask>=3.0.0 depends on click>=8.1.3 and you require click<7, and you require"
            " flask>=3",
            id="what stands in the way is named",
        ),
        pytest.param(
            "Because only b==1 is available and b==1 depends on c, we can conclude that all"
            " versions of b depend on c. And because c has no wheels, we can conclude that it is"
            " so.",
            "all versions of b depend on c, and c has no wheels",
            id="conclusion of the step before",
        ),
        pytest.param(
            "Because the current Python version (3.8.18) does not satisfy Python>=3.9 and"
            " pytest>=8.4.0,<=8.4.2 depends on Python>=3.9, we can conclude that"
            " pytest>=8.4.0,<=8.4.2 cannot be used.\n And because only pytest<=8.4.2 is available,"
            " we can conclude that pytest>=8.4.0 cannot be used.\n And because you require"
            " pytest>=8.4, we can conclude that your requirements are unsatisfiable.",
            "pytest>=8.4.0,<=8.4.2 needs Python>=3.9: pytest>=8.4.0 cannot be"
            " used, and you require pytest>=8.4",
            id="another Python",
        ),
    ],
)
def test_summary_of_an_unsatisfiable_resolution(story: str, summary: str) -> None:
    assert read_failure(_HEAD + story).summary == summary


@pytest.mark.parametrize(
    ("story", "lacking"),
    [
        pytest.param(
            "Because native==1.0 has no wheels with a matching Python ABI tag (e.g., `cp311`) and"
            " you require native, we can conclude that your requirements are unsatisfiable.",
            ("native==1.0",),
            id="one release",
        ),
        pytest.param(
            "Because only several<=2.0 is available and several==2.0 has no usable wheels and"
            " several<2.0 has no usable wheels and you require several>=1.2, we can conclude that"
            " your requirements are unsatisfiable.",
            ("several>=1.2",),
            id="many releases",
        ),
        pytest.param(
            "Because only alpha<=2.0 is available and you require alpha>5, we can conclude that your"
            " requirements are unsatisfiable.",
            (),
            id="none",
        ),
    ],
)
def test_distributions_that_lack_a_wheel(story: str, lacking: tuple[str, ...]) -> None:
    assert read_failure(_HEAD + story).lacking == lacking
