using CityHelper.Engine.Documents;
using GraphQLParser.AST;

namespace CityHelper.Checks.Contracts;

/// <summary>Compares inputs: arguments of fields and directives, fields of input types.</summary>
internal sealed class InputComparison
{
    public static readonly InputComparison OfField = new()
    {
        Removed = "ARG_REMOVED",
        RequiredAdded = "REQUIRED_ARG_ADDED",
        OptionalAdded = "OPTIONAL_ARG_ADDED",
        ChangedKind = "ARG_CHANGED_KIND",
        DefaultChanged = "ARG_DEFAULT_VALUE_CHANGE",
        Coordinate = (owner, name) => $"{owner}({name}:)",
    };

    public static readonly InputComparison OfDirective = new()
    {
        Removed = "DIRECTIVE_ARG_REMOVED",
        RequiredAdded = "REQUIRED_DIRECTIVE_ARG_ADDED",
        OptionalAdded = "OPTIONAL_DIRECTIVE_ARG_ADDED",
        ChangedKind = "DIRECTIVE_ARG_CHANGED_KIND",
        DefaultChanged = "DIRECTIVE_ARG_DEFAULT_VALUE_CHANGE",
        Coordinate = (owner, name) => $"{owner}({name}:)",
    };

    public static readonly InputComparison OfInputType = new()
    {
        Removed = "FIELD_REMOVED",
        RequiredAdded = "REQUIRED_INPUT_FIELD_ADDED",
        OptionalAdded = "OPTIONAL_INPUT_FIELD_ADDED",
        ChangedKind = "FIELD_CHANGED_KIND",
        DefaultChanged = "INPUT_FIELD_DEFAULT_VALUE_CHANGE",
        Coordinate = (owner, name) => $"{owner}.{name}",
    };

    private InputComparison()
    {
    }

    public required string Removed { get; init; }

    public required string RequiredAdded { get; init; }

    public required string OptionalAdded { get; init; }

    public required string ChangedKind { get; init; }

    public required string DefaultChanged { get; init; }

    public required Func<string, string, string> Coordinate { get; init; }

    /// <param name="changes">Receives the changes.</param>
    /// <param name="owner">The schema coordinate of the inputs' owner.</param>
    /// <param name="old">The old inputs; null for none.</param>
    /// <param name="now">The new inputs; null for none.</param>
    public void Compare(
        SchemaChanges changes, string owner, IEnumerable<GraphQLInputValueDefinition>? old, IEnumerable<GraphQLInputValueDefinition>? now)
    {
        var inputs = DefinitionPairs.Of(old, now);
        foreach (GraphQLInputValueDefinition input in inputs.Removed)
        {
            changes.Breaking(Removed, Coordinate(owner, input.Name.StringValue), "was removed");
        }

        foreach (GraphQLInputValueDefinition input in inputs.Added)
        {
            string coordinate = Coordinate(owner, input.Name.StringValue);
            if (input is { Type: GraphQLNonNullType, DefaultValue: null })
            {
                changes.Breaking(RequiredAdded, coordinate, "was added and must be given");
            }
            else
            {
                changes.Dangerous(OptionalAdded, coordinate, "was added and may be left out");
            }
        }

        foreach ((GraphQLInputValueDefinition before, GraphQLInputValueDefinition after) in inputs.Kept)
        {
            Compare(changes, Coordinate(owner, before.Name.StringValue), before, after);
        }
    }

    private void Compare(SchemaChanges changes, string coordinate, GraphQLInputValueDefinition old, GraphQLInputValueDefinition now)
    {
        (string before, string after) = (TypeReferences.Text(old.Type), TypeReferences.Text(now.Type));
        if (!TypeReferences.IsSafeForInput(old.Type, now.Type))
        {
            changes.Breaking(ChangedKind, coordinate, $"changed its type from {before} to {after}");
        }
        else
        {
            if (before != after)
            {
                changes.Safe("INPUT_CHANGED_SAFELY", coordinate, $"changed its type from {before} to {after}");
            }

            CompareDefaults(changes, coordinate, old.DefaultValue, now.DefaultValue);
        }

        AnnotationComparison.Compare(changes, coordinate, old, now);
    }

    private void CompareDefaults(SchemaChanges changes, string coordinate, GraphQLValue? old, GraphQLValue? now)
    {
        (string? before, string? after) = (ValueText.Of(old), ValueText.Of(now));
        if (before == after)
        {
            return;
        }

        if (before is null)
        {
            changes.Dangerous("DEFAULT_VALUE_ADDED", coordinate, $"has the default {after} now");
        }
        else
        {
            string message = after is null ? $"lost its default {before}" : $"changed its default from {before} to {after}";
            changes.Dangerous(DefaultChanged, coordinate, message);
        }
    }
}
