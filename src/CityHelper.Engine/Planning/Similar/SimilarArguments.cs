using CityHelper.Engine.Documents;
using CityHelper.Engine.Planning.Connections;
using CityHelper.Engine.Schema.Bindings;
using GraphQL.Types;

namespace CityHelper.Engine.Planning.Similar;

/// <summary>How many similar rows are asked for, and how near they must be; null where not given.</summary>
/// <param name="Coordinate">The field, as errors name it.</param>
/// <param name="First">How many.</param>
/// <param name="Metres">How far apart.</param>
/// <param name="Days">How many days between them.</param>
internal sealed record SimilarArguments(string Coordinate, InputNode? First, InputNode? Metres, InputNode? Days)
{
    public static SimilarArguments Of(RowPlanner rows, CollectedField field, FieldType definition, string parent) => new(
        $"{parent}.{definition.Name}",
        rows.GivenArgument(field, definition, SimilarRowsBinding.FirstArgument),
        rows.GivenArgument(field, definition, SimilarRowsBinding.MetresArgument),
        rows.GivenArgument(field, definition, SimilarRowsBinding.DaysArgument));

    /// <summary>Rows of each list.</summary>
    public int RowsOf(VariableValues variables) => First?.Evaluate(variables) as int? ?? Limits.SimilarRowsDefault;

    /// <summary>The distance at which the score of the place is 0.</summary>
    public double MetresOf(VariableValues variables) => Metres?.Evaluate(variables) as double? ?? Limits.SimilarMetresDefault;

    /// <summary>The time at which the score of the time is 0, in milliseconds.</summary>
    public long MsOf(VariableValues variables) => DaysOf(variables) * TimeSpan.MillisecondsPerDay;

    /// <summary>Why the values are refused, or null.</summary>
    public RequestError? Check(VariableValues variables)
    {
        if (PageArguments.Check(SimilarRowsBinding.FirstArgument, RowsOf(variables), Coordinate) is { } error)
        {
            return error;
        }

        return MetresOf(variables) is not (> 0 and <= Limits.SimilarMetresMax)
            ? new DistanceInvalidError(SimilarRowsBinding.MetresArgument, Limits.SimilarMetresMax, Coordinate)
            : DaysOf(variables) is not (>= 1 and <= Limits.SimilarDaysMax) ? new DaysInvalidError(SimilarRowsBinding.DaysArgument, Coordinate)
            : null;
    }

    /// <summary>
    /// What is looked at beside the default: cells grow with the distance until it is a cell's size (460 m at New York), and then with its
    /// square; entries of a cell with the days.
    /// </summary>
    public double Work(VariableValues variables) =>
        Math.Max(1, MetresOf(variables) / Limits.SimilarMetresDefault) * Math.Max(1, (double)DaysOf(variables) / Limits.SimilarDaysDefault);

    private int DaysOf(VariableValues variables) => Days?.Evaluate(variables) as int? ?? Limits.SimilarDaysDefault;
}
