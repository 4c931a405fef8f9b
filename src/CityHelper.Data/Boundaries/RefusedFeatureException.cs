namespace CityHelper.Data.Boundaries;

/// <summary>
/// One feature of a file is refused. The message is the end of a sentence about it; <see cref="FeatureFile"/> makes it a value.
/// </summary>
internal sealed class RefusedFeatureException(string reason) : Exception(reason);
