using GraphQL;
using GraphQL.Types;
using GraphQL.Validation;

namespace CityHelper.Engine.Documents;

/// <summary>Converts GraphQL.NET's errors: class names become codes, section numbers become links.</summary>
internal static class EngineErrors
{
    private const string Suggestion = " Did you mean";

    /// <summary>The members of an input, as a suggestion.</summary>
    public static string Suggest(IInputObjectGraphType input) =>
        $"{Suggestion} one of {string.Join(", ", input.Fields.Select(f => f.Name))}?";

    /// <summary>Removes suggestions: a client that may not read the schema must not learn its names one by one (attack 6).</summary>
    public static RequestError WithoutSuggestion(RequestError error) =>
        error.Message.IndexOf(Suggestion, StringComparison.Ordinal) is var at and >= 0
            ? new RequestError(error.Message[..at], error.Code)
            {
                Locations = error.Locations,
                Extensions = error.Extensions,
                Status = error.Status,
            }
            : error;

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
