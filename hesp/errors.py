"""What can go wrong through no fault of the program: each message is one sentence for the user, with the remedy.

The page shows these messages as they are and the command line prints them and exits with status 2. Anything
else that is raised is a bug and keeps its traceback.
"""


class HespError(Exception):
    """Base of all errors whose message is meant for the user."""


class MediaError(HespError):
    """A clip cannot be read, is longer or larger than allowed, or cannot be written."""


class LabelError(HespError):
    """A label (emotion word) or list of labels cannot be scored."""


class BackboneError(HespError):
    """A backbone's weights are missing, damaged or of another architecture."""


class MethodError(HespError):
    """A method is unknown, or its checkpoint does not fit the backbone."""


class DataError(HespError):
    """A data file of training or evaluation is missing or has another form than asked for."""


class DependencyError(HespError):
    """A package or system library that is needed is missing or fails to import."""


class CancelledError(HespError):
    """The caller asked a running analysis to stop."""
