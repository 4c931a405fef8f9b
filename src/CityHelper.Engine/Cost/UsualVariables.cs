using System.Text.Json;
using System.Text.Json.Nodes;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Schema;
using GraphQL.Types;

namespace CityHelper.Engine.Cost;

/// <summary>
/// Variables to compute the cost of an operation before any request: defaults where they exist, else the minimum that the types demand,
/// with numbers and lengths of lists equal to the default page size.
/// </summary>
internal static class UsualVariables
{
    /// <summary>The usual variables of an operation.</summary>
    public static VariableValues Of(Operation operation)
    {
        var json = new JsonObject();
        IEnumerable<VariableDefinition> required = operation.Variables
            .Where(v => v.Default == InputCoercion.Absent && v.Type is NonNullGraphType);
        foreach (VariableDefinition variable in required)
        {
            json[variable.Name] = Least(variable.Type);
        }

        (VariableValues? values, RequestError? error) = VariableValues.Coerce(operation.Variables, JsonSerializer.SerializeToElement(json));
        return values ?? throw new InvalidOperationException($"{operation.Name}: {error!.Message}");
    }

    /// <summary>The usual value of a type, as a client would send it.</summary>
    internal static JsonNode? Least(IGraphType type) => type switch
    {
        NonNullGraphType nonNull => Least(nonNull.ResolvedType!),
        ListGraphType list => new JsonArray([.. Enumerable.Range(0, Limits.PageRowsDefault).Select(_ => Least(list.ResolvedType!))]),
        IInputObjectGraphType input => Members(input),
        EnumerationGraphType values => values.Values.First().Name,
        IntGraphType => Limits.PageRowsDefault,
        FloatGraphType => 0.0,
        BooleanGraphType => true,
        DateTimeType => "2000-01-01T00:00:00Z",
        LocalDateType => "2000-01-01",
        GeometryType => JsonNode.Parse("""{"type":"Point","coordinates":[0,0]}"""),
        _ => "",
    };

    // A OneOf input gets its first member.
    private static JsonObject Members(IInputObjectGraphType input) => new(input.Fields
        .Where((field, i) => input.IsOneOf ? i == 0 : field.ResolvedType is NonNullGraphType && field.DefaultValue is null)
        .Select(field => KeyValuePair.Create(field.Name, Least(field.ResolvedType!))));
}
