using GraphQLParser.AST;

namespace CityHelper.Engine.Documents;

/// <summary>
/// Limits that are checked between parsing and validation. Validation compares fragments, directives and variables in pairs (1,200 small
/// fragments: 5.7 s; 20,000 directives on one field: 1.2 s). Later steps recurse into selections with fragments expanded. So everything is
/// counted first, in time linear in the text.
/// </summary>
/// <remarks>Missing and cyclic fragments count nothing: validation refuses them.</remarks>
internal sealed class DocumentLimits
{
    private readonly Dictionary<string, GraphQLFragmentDefinition> _fragments = new(StringComparer.Ordinal);

    /// <summary>The expanded size of each fragment; null while it is computed.</summary>
    private readonly Dictionary<string, Extent?> _extents = new(StringComparer.Ordinal);

    private int _selections;
    private int _directives;
    private int _locationDirectives;

    private DocumentLimits(GraphQLDocument document)
    {
        foreach (GraphQLFragmentDefinition fragment in document.Definitions.OfType<GraphQLFragmentDefinition>())
        {
            _fragments.TryAdd(fragment.FragmentName.Name.StringValue, fragment);
        }
    }

    public static RequestError? Check(GraphQLDocument document)
    {
        if (document.Definitions.Any(d => d is not (GraphQLOperationDefinition or GraphQLFragmentDefinition)))
        {
            return new DefinitionNotExecutableError();
        }

        GraphQLOperationDefinition[] operations = [.. document.Definitions.OfType<GraphQLOperationDefinition>()];
        return TooMany(operations.Length, Limits.DocumentOperationsMax, "The document has", "operations", "send the one that is to run")
            ?? TooMany(
                document.Definitions.Count - operations.Length, Limits.DocumentFragmentsMax, "The document has", "fragments", "use fewer")
            ?? TooMany(
                operations.Max(o => o.Variables?.Count ?? 0),
                Limits.VariablesMax,
                "The operation has",
                "variables",
                "send lists and input objects")
            ?? new DocumentLimits(document).Check(document, operations);
    }

    private RequestError? Check(GraphQLDocument document, GraphQLOperationDefinition[] operations)
    {
        foreach (ASTNode definition in document.Definitions)
        {
            Count(definition);
        }

        return TooMany(_selections, Limits.DocumentSelectionsMax, "The document has", "selections", "select less")
            ?? TooMany(
                _locationDirectives,
                Limits.LocationDirectivesMax,
                "A place of the document has",
                "directives",
                "one `@include` or `@skip` says it")
            ?? TooMany(
                _directives,
                Limits.DocumentDirectivesMax,
                "The document has",
                "directives",
                "put fields of one condition into one fragment")
            ?? operations.Select(o => Check(Of(o.SelectionSet))).FirstOrDefault(error => error is not null);
    }

    private static RequestError? Check(Extent expanded) => expanded switch
    {
        { Depth: > Limits.SelectionDepthMax } => new OperationTooLargeError(
            $"The operation is nested deeper than {Limits.SelectionDepthMax} levels once fragments are expanded: flatten it."),
        { Selections: > Limits.ExpandedSelectionsMax } => new OperationTooLargeError(
            $"The operation has more than {Limits.ExpandedSelectionsMax} selections once fragments are expanded: select less."),
        { Aliases: > Limits.AliasesMax } => new OperationTooLargeError(
            $"The operation has more than {Limits.AliasesMax} aliases once fragments are expanded: use fewer, or several operations."),
        _ => null,
    };

    private static OperationTooLargeError? TooMany(int count, int allowed, string who, string what, string advice) => count > allowed
        ? new OperationTooLargeError($"{who} {count} {what}, {allowed} are allowed: {advice}.")
        : null;

    // The parser bounds the depth of this recursion.
    private void Count(ASTNode node)
    {
        CountDirectives(node);
        foreach (GraphQLVariableDefinition variable in (node as GraphQLOperationDefinition)?.Variables?.Items ?? [])
        {
            CountDirectives(variable);
        }

        foreach (ASTNode selection in (node as IHasSelectionSetNode)?.SelectionSet?.Selections ?? [])
        {
            _selections++;
            Count(selection);
        }
    }

    private void CountDirectives(ASTNode node)
    {
        int directives = (node as IHasDirectivesNode)?.Directives?.Count ?? 0;
        _directives += directives;
        _locationDirectives = Math.Max(_locationDirectives, directives);
    }

    // Recurses into nested fragments; their number is limited.
    private Extent Of(GraphQLSelectionSet? selectionSet)
    {
        Extent sum = default;
        foreach (ASTNode selection in selectionSet?.Selections ?? [])
        {
            sum = sum.With(selection switch
            {
                GraphQLField field => Of(field.SelectionSet).Within(field.Alias is not null),
                GraphQLInlineFragment inline => Of(inline.SelectionSet).Within(isAlias: false),
                GraphQLFragmentSpread spread => OfFragment(spread.FragmentName.Name.StringValue).Within(isAlias: false),
                _ => default,
            });
        }

        return sum;
    }

    private Extent OfFragment(string name)
    {
        if (_extents.TryGetValue(name, out Extent? known))
        {
            return known ?? default;
        }

        _extents[name] = null;
        Extent extent = Of(_fragments.GetValueOrDefault(name)?.SelectionSet);
        _extents[name] = extent;
        return extent;
    }

    /// <summary>The expanded size of a selection set. Counts stop growing beyond all limits.</summary>
    private readonly record struct Extent(int Selections, int Aliases, int Depth)
    {
        private const int Beyond = 1_000_000;

        public Extent With(Extent other) => new(
            Math.Min(Beyond, Selections + other.Selections), Math.Min(Beyond, Aliases + other.Aliases), Math.Max(Depth, other.Depth));

        public Extent Within(bool isAlias) => new(Selections + 1, Aliases + (isAlias ? 1 : 0), Depth + 1);
    }
}
