using GraphQLParser.AST;

namespace CityHelper.Checks.Contracts;

/// <summary>
/// Compares two schemas and rates what each change may do to clients: by the rules of graphql-js, and beyond them for root types,
/// <c>@oneOf</c>, defaults of input fields, types of directive arguments, and all safe changes.
/// </summary>
public static class SchemaComparison
{
    /// <summary>Compares two schemas.</summary>
    /// <returns>The changes, the worst first.</returns>
    public static IReadOnlyList<SchemaChange> Compare(SchemaDefinitions before, SchemaDefinitions after)
    {
        var changes = new SchemaChanges();
        CompareRoots(changes, before, after);
        CompareTypes(changes, before, after);
        CompareDirectives(changes, before, after);
        return changes.Sorted();
    }

    private static void CompareRoots(SchemaChanges changes, SchemaDefinitions before, SchemaDefinitions after)
    {
        foreach (OperationType operation in Enum.GetValues<OperationType>())
        {
            string name = operation.ToString().ToLowerInvariant();
            string? old = before.Roots.GetValueOrDefault(operation);
            string? now = after.Roots.GetValueOrDefault(operation);
            if (old is null && now is not null)
            {
                changes.Safe("ROOT_TYPE_ADDED", "schema", $"has {name} operations now, on {now}");
            }
            else if (old != now)
            {
                string message = now is null ? $"has no {name} operations any more" : $"has {name} operations on {now} instead of {old}";
                changes.Breaking("ROOT_TYPE_CHANGED", "schema", message);
            }
        }
    }

    private static void CompareTypes(SchemaChanges changes, SchemaDefinitions before, SchemaDefinitions after)
    {
        var types = DefinitionPairs.Of(before.Types.Values, after.Types.Values);
        foreach (GraphQLTypeDefinition type in types.Removed)
        {
            changes.Breaking("TYPE_REMOVED", type.Name.StringValue, "was removed");
        }

        foreach (GraphQLTypeDefinition type in types.Added)
        {
            changes.Safe("TYPE_ADDED", type.Name.StringValue, "was added");
        }

        foreach ((GraphQLTypeDefinition old, GraphQLTypeDefinition now) in types.Kept)
        {
            TypeComparison.Compare(changes, old, now);
        }
    }

    private static void CompareDirectives(SchemaChanges changes, SchemaDefinitions before, SchemaDefinitions after)
    {
        var directives = DefinitionPairs.Of(before.Directives.Values, after.Directives.Values);
        foreach (GraphQLDirectiveDefinition directive in directives.Removed)
        {
            changes.Breaking("DIRECTIVE_REMOVED", "@" + directive.Name.StringValue, "was removed");
        }

        foreach (GraphQLDirectiveDefinition directive in directives.Added)
        {
            changes.Safe("DIRECTIVE_ADDED", "@" + directive.Name.StringValue, "was added");
        }

        foreach ((GraphQLDirectiveDefinition old, GraphQLDirectiveDefinition now) in directives.Kept)
        {
            CompareDirective(changes, old, now);
        }
    }

    private static void CompareDirective(SchemaChanges changes, GraphQLDirectiveDefinition old, GraphQLDirectiveDefinition now)
    {
        string coordinate = "@" + old.Name.StringValue;
        if (old.Repeatable && !now.Repeatable)
        {
            changes.Breaking("DIRECTIVE_REPEATABLE_REMOVED", coordinate, "may no longer be repeated");
        }
        else if (!old.Repeatable && now.Repeatable)
        {
            changes.Safe("DIRECTIVE_REPEATABLE_ADDED", coordinate, "may be repeated now");
        }

        foreach (DirectiveLocation location in old.Locations.Items.Except(now.Locations.Items))
        {
            changes.Breaking("DIRECTIVE_LOCATION_REMOVED", coordinate, $"may no longer stand on {location}");
        }

        foreach (DirectiveLocation location in now.Locations.Items.Except(old.Locations.Items))
        {
            changes.Safe("DIRECTIVE_LOCATION_ADDED", coordinate, $"may stand on {location} now");
        }

        InputComparison.OfDirective.Compare(changes, coordinate, old.Arguments?.Items, now.Arguments?.Items);
        AnnotationComparison.CompareDescriptions(changes, coordinate, old, now);
    }
}
