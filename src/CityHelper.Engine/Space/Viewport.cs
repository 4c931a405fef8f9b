namespace CityHelper.Engine.Space;

/// <summary>A rectangle in degrees of WGS 84; its edges belong to it.</summary>
/// <param name="West">Smallest longitude.</param>
/// <param name="South">Smallest latitude.</param>
/// <param name="East">Largest longitude.</param>
/// <param name="North">Largest latitude.</param>
public readonly record struct Viewport(double West, double South, double East, double North)
{
    /// <summary>The intersection with another rectangle; null when they are disjoint.</summary>
    public Viewport? Intersection(Viewport other)
    {
        var common = new Viewport(
            Math.Max(West, other.West), Math.Max(South, other.South), Math.Min(East, other.East), Math.Min(North, other.North));
        return common.West <= common.East && common.South <= common.North ? common : null;
    }

    /// <summary>Why the rectangle cannot be searched, or null.</summary>
    public RequestError? Check()
    {
        if (!double.IsFinite(West + South + East + North))
        {
            return new AreaInvalidError("The viewport's edges must be finite numbers.");
        }

        if (West < -180 || East > 180 || South < -90 || North > 90)
        {
            return new AreaInvalidError("The viewport must lie within longitudes -180 to 180 and latitudes -90 to 90.");
        }

        if (West > East)
        {
            return new AreaInvalidError(
                "The viewport's `west` is larger than its `east`: swap them, or ask for both sides of the antimeridian separately.");
        }

        return South > North ? new AreaInvalidError("The viewport's `south` is larger than its `north`: swap them.") : null;
    }
}
