using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Similar;

/// <summary>How many similar rows are requested, and how near they must be; null where not given.</summary>
/// <param name="Coordinate">The field, as errors name it.</param>
/// <param name="First">How many.</param>
/// <param name="Metres">The largest distance in metres.</param>
/// <param name="Days">The largest difference in days.</param>
internal sealed record SimilarArguments(string Coordinate, InputNode? First, InputNode? Metres, InputNode? Days)
{
    public static SimilarArguments Of(RowPlanner rows, CollectedField field, FieldType definition, string parent) => new(
        $"{parent}.{definition.Name}",
        rows.GivenArgument(field, definition, SimilarRowsBinding.FirstArgument),
        rows.GivenArgument(field, definition, SimilarRowsBinding.MetresArgument),
        rows.GivenArgument(field, definition, SimilarRowsBinding.DaysArgument));

    /// <summary>Rows of each list.</summary>
    public int RowsOf(VariableValues variables) => First?.Evaluate(variables) as int? ?? Limits.SimilarRowsDefault;

    /// <summary>The distance at which the location score is 0.</summary>
    public double MetresOf(VariableValues variables) => Metres?.Evaluate(variables) as double? ?? Limits.SimilarMetresDefault;

    /// <summary>The time difference at which the time score is 0, in milliseconds.</summary>
    public long MsOf(VariableValues variables) => DaysOf(variables) * TimeSpan.MillisecondsPerDay;

    /// <summary>Why the values are refused, or null.</summary>
    public RequestError? Check(VariableValues variables)
    {
        if (PageArguments.Check(SimilarRowsBinding.FirstArgument, RowsOf(variables), Coordinate) is { } error)
        {
            return error;
        }

        if (MetresOf(variables) is not (> 0 and <= Limits.SimilarMetresMax))
        {
            return new DistanceInvalidError(SimilarRowsBinding.MetresArgument, Limits.SimilarMetresMax, Coordinate);
        }

        return DaysOf(variables) is not (>= 1 and <= Limits.SimilarDaysMax)
            ? new DaysInvalidError(SimilarRowsBinding.DaysArgument, Coordinate)
            : null;
    }

    /// <summary>
    /// How much more is read than by default. The number of cells grows with the distance up to a cell's size (460 m at New York), and with
    /// its square beyond. The entries of a cell grow with the days.
    /// </summary>
    public double Work(VariableValues variables) =>
        Math.Max(1, MetresOf(variables) / Limits.SimilarMetresDefault) * Math.Max(1, (double)DaysOf(variables) / Limits.SimilarDaysDefault);

    private int DaysOf(VariableValues variables) => Days?.Evaluate(variables) as int? ?? Limits.SimilarDaysDefault;
}
