"""pycurl's multi interface, its posts signed beforehand: the library that came closest."""

import os
from collections.abc import Iterator

import pycurl

from benchmarks.peers.load import Load, Parameters
from benchmarks.peers.presigned import headers_of, url_of
from benchmarks.traffic import payload

PATIENCE = 0.1


def main() -> None:
    """Post until the load ends."""
    parameters = Parameters.given()
    load = Load(parameters)
    signed = {}
    for connection_id in load.ids:
        url = url_of(parameters.url, connection_id)
        headers = [f"{name}: {value}" for name, value in headers_of(url).items()]
        signed[connection_id] = (url, [*headers, "Expect:"])
    multi = pycurl.CurlMulti()
    multi.setopt(pycurl.M_MAXCONNECTS, parameters.in_flight)
    handles = [_handle() for _ in range(parameters.in_flight)]
    load.report(failed=_post_all(multi, handles, (signed[id_] for id_ in load)))


def _handle() -> pycurl.Curl:
    handle = pycurl.Curl()
    handle.setopt(pycurl.CAINFO, os.environ["AWS_CA_BUNDLE"])
    handle.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    handle.setopt(pycurl.POST, 1)
    handle.setopt(pycurl.POSTFIELDS, payload())
    handle.setopt(pycurl.WRITEFUNCTION, len)
    handle.setopt(pycurl.NOSIGNAL, 1)
    return handle


def _post_all(
    multi: pycurl.CurlMulti, idle: list[pycurl.Curl], posts: Iterator[tuple[str, list[str]]]
) -> int:
    """Post with all handles; return how many posts failed."""
    busy = failed = 0
    while True:
        while idle and (post := next(posts, None)):
            handle = idle.pop()
            handle.setopt(pycurl.URL, post[0])
            handle.setopt(pycurl.HTTPHEADER, post[1])
            multi.add_handle(handle)
            busy += 1
        if not busy:
            return failed
        multi.perform()
        _, done, broken = multi.info_read(len(idle) + busy)
        for handle in done:
            failed += handle.getinfo(pycurl.RESPONSE_CODE) != 200  # noqa: PLR2004
        failed += len(broken)
        for handle in [*done, *(handle for handle, *_ in broken)]:
            multi.remove_handle(handle)
            idle.append(handle)
            busy -= 1
        if not done and not broken:
            multi.select(PATIENCE)


if __name__ == "__main__":
    main()
