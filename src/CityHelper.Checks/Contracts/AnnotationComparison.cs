using CityHelper.Engine.Documents;
using GraphQLParser.AST;

namespace CityHelper.Checks.Contracts;

/// <summary>Compares the descriptions and directives of definitions.</summary>
internal static class AnnotationComparison
{
    private const string Deprecated = "deprecated";
    private const string OneOf = "oneOf";
    private const string SpecifiedBy = "specifiedBy";

    public static void Compare(SchemaChanges changes, string coordinate, GraphQLTypeDefinition old, GraphQLTypeDefinition now)
    {
        CompareDescriptions(changes, coordinate, old, now);
        ILookup<string, string> before = Directives(old);
        ILookup<string, string> after = Directives(now);
        foreach (string name in before.Select(d => d.Key).Union(after.Select(d => d.Key)))
        {
            (string was, string @is) = (string.Join(' ', before[name]), string.Join(' ', after[name]));
            if (was != @is)
            {
                Report(changes, coordinate, name, was, @is);
            }
        }
    }

    public static void CompareDescriptions(SchemaChanges changes, string coordinate, IHasDescriptionNode old, IHasDescriptionNode now)
    {
        if (old.Description?.Value != now.Description?.Value)
        {
            changes.Safe("DESCRIPTION_CHANGED", coordinate, "has another description");
        }
    }

    private static void Report(SchemaChanges changes, string coordinate, string name, string was, string @is)
    {
        string message = @is.Length == 0 ? $"lost {was}" : was.Length == 0 ? $"has {@is} now" : $"has {@is} instead of {was}";
        switch (name)
        {
            case OneOf when was.Length == 0:
                // From now on, an object with several members is refused.
                changes.Breaking("ONE_OF_ADDED", coordinate, message);
                break;
            case OneOf:
                changes.Safe("ONE_OF_REMOVED", coordinate, message);
                break;
            case SpecifiedBy:
                // Another specification may mean another format of the values.
                changes.Dangerous("SPECIFICATION_CHANGED", coordinate, message);
                break;
            case Deprecated:
                changes.Safe("DEPRECATION_CHANGED", coordinate, message);
                break;
            default:
                changes.Safe("DIRECTIVE_USE_CHANGED", coordinate, message);
                break;
        }
    }

    private static ILookup<string, string> Directives(GraphQLTypeDefinition definition) =>
        ((definition as IHasDirectivesNode)?.Directives?.Items ?? []).ToLookup(d => d.Name.StringValue, ValueText.Of);
}
