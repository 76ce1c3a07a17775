"""The no-op job on huey."""

import os

import drive
import sink
from huey import RedisHuey

huey = RedisHuey("bench", url=os.environ["REDIS_URL"], results=False)


@huey.task()
def noop(sent=0):
    sink.mark(sent)


if __name__ == "__main__":
    import app_huey

    drive.sync(app_huey.noop)
