namespace CityHelper.Data.Boundaries;

/// <summary>A feature of a file is refused. The message ends a sentence about it; <see cref="FeatureFile"/> catches it.</summary>
internal sealed class RefusedFeatureException(string reason) : Exception(reason);
