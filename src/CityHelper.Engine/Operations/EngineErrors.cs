using GraphQL;
using GraphQL.Validation;

namespace CityHelper.Engine.Operations;

/// <summary>GraphQL.NET's errors at the border: its class names become codes, its section numbers links.</summary>
internal static class EngineErrors
{
    public static RequestError ToRequestError(ExecutionError error)
    {
        List<KeyValuePair<string, object>> extensions = [];
        if (error is ValidationError { Number: { } section })
        {
            extensions.Add(new("specifiedBy", $"https://spec.graphql.org/October2021/#sec-Validation ({section})"));
        }

        return new RequestError(error.Message, error.Code ?? "VALIDATION")
        {
            Locations = [.. (error.Locations ?? []).Select(l => (l.Line, l.Column))],
            Extensions = extensions,
        };
    }
}
