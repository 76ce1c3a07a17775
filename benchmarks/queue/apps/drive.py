"""What every Python peer's app does on the command line: send N jobs and print the rate, or spaced ones."""

import asyncio
import sys
import time

#: Jobs sent to idle workers, and the seconds between two of them.
SPACED, PAUSE = 200, 0.02


def sync(send, send_many=None):
    """`app.py N`, `app.py N bulk`, `app.py spaced`, for a peer whose send blocks."""
    if sys.argv[1] == "spaced":
        for _ in range(SPACED):
            send(time.time_ns())
            time.sleep(PAUSE)
        return
    jobs = int(sys.argv[1])
    began = time.perf_counter()
    if "bulk" in sys.argv:
        send_many(jobs)
    else:
        for _ in range(jobs):
            send(0)
    print(jobs / (time.perf_counter() - began))


def coroutine(send, around):
    """The same for a peer whose send is a coroutine; `around` is the context in which it may be called."""

    async def main():
        async with around:
            if sys.argv[1] == "spaced":
                for _ in range(SPACED):
                    await send(time.time_ns())
                    await asyncio.sleep(PAUSE)
                return
            jobs = int(sys.argv[1])
            began = time.perf_counter()
            for _ in range(jobs):
                await send(0)
            print(jobs / (time.perf_counter() - began))

    asyncio.run(main())
