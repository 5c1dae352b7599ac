"""The two kinds of failure: something is away and will be back, or the content itself is wrong."""


class Away(Exception):
    """Broker, database or network does not answer: wait and try the same again."""


class BrokerAway(Away):
    """Nothing says whether the records arrived."""


class StoreAway(Away):
    """Nothing says whether the writes happened."""


class Refused(Exception):
    """The broker refused the records for good (too large, no right); trying again is useless."""


class Abandoned(Exception):
    """The batch was given up uncommitted, because the worker stops or its partitions were taken away."""


AWAY = (Away, OSError, TimeoutError)
