using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;

namespace CityHelper.Engine.Planning.Filters;

/// <summary>An argument that is a <see cref="PositionInput"/>.</summary>
/// <param name="node">Its value.</param>
internal sealed class PositionArgument(InputNode node)
{
    /// <summary>The position in one request, in degrees.</summary>
    public (double Longitude, double Latitude) Of(VariableValues variables)
    {
        var members = (Dictionary<string, object?>)node.Evaluate(variables)!;
        return ((double)members[PositionInput.Longitude]!, (double)members[PositionInput.Latitude]!);
    }

    /// <summary>The error when it is no position on the earth; null otherwise.</summary>
    /// <param name="variables">A request's values.</param>
    /// <param name="coordinate">The field, as errors name it.</param>
    public PositionInvalidError? Check(VariableValues variables, string coordinate)
    {
        (double longitude, double latitude) = Of(variables);
        return Math.Abs(longitude) <= 180 && Math.Abs(latitude) <= 90 ? null : new PositionInvalidError(coordinate);
    }

    /// <summary>The position as a geometry in SQL.</summary>
    public string PointSql(StatementBuilder statement)
    {
        string longitude = statement.Parameter("longitude", values => StatementBuilder.Double(Of(values.Variables).Longitude));
        string latitude = statement.Parameter("latitude", values => StatementBuilder.Double(Of(values.Variables).Latitude));
        return $"st_setsrid(st_makepoint({longitude}, {latitude}), 4326)";
    }
}
