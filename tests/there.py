"""What a test needs to be there."""


def there[T](value: T | None) -> T:
    """A result that may be None, where the test needs one."""
    assert value is not None
    return value
