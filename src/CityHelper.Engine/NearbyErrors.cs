using System.Globalization;

namespace CityHelper.Engine;

/// <summary>The position is not a longitude and latitude.</summary>
public sealed class PositionInvalidError : RequestError
{
    public PositionInvalidError(string coordinate)
        : base("The position must be a finite longitude from -180 to 180 and a finite latitude from -90 to 90.", "POSITION_INVALID")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The distance is not positive, or larger than allowed.</summary>
public sealed class DistanceInvalidError : RequestError
{
    /// <param name="argument">The argument.</param>
    /// <param name="metresMax">The largest allowed distance.</param>
    /// <param name="coordinate">The field.</param>
    public DistanceInvalidError(string argument, double metresMax, string coordinate)
        : base(
            $"The argument `{argument}` must be a number of metres above 0 and at most {metresMax.ToString(CultureInfo.InvariantCulture)}.",
            "DISTANCE_INVALID")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}

/// <summary>The number of days is not positive, or larger than allowed.</summary>
public sealed class DaysInvalidError : RequestError
{
    /// <param name="argument">The argument.</param>
    /// <param name="coordinate">The field.</param>
    public DaysInvalidError(string argument, string coordinate)
        : base($"The argument `{argument}` must be a number of days from 1 to {Limits.SimilarDaysMax}.", "DAYS_INVALID")
    {
        Extensions = [new("coordinate", coordinate)];
    }
}
