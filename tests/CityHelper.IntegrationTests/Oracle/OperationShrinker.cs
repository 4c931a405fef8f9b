using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using GraphQLParser;
using GraphQLParser.AST;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>
/// Makes a failing operation smaller and more readable: removes selections, arguments, directives and values one by one, as long as the
/// rest still fails.
/// </summary>
/// <param name="fails">Whether an operation fails in the same way; an invalid one does not.</param>
internal sealed partial class OperationShrinker(Func<string, JsonObject, Task<bool>> fails)
{
    private const int TriesMax = 600;

    private int _tries;

    /// <summary>A range of the document and its replacement.</summary>
    private readonly record struct Edit(int Start, int End, string Replacement = "");

    public async Task<(string Document, JsonObject Variables)> ShrinkAsync(string document, JsonObject variables)
    {
        string before;
        do
        {
            before = document + variables.ToJsonString();
            document = await ShrinkDocumentAsync(document, variables);
            variables = await ShrinkVariablesAsync(document, variables);
        }
        while (before != document + variables.ToJsonString() && _tries < TriesMax);

        // Leftover commas and blanks. A string in the document may contain them too, so this is tried like any other change.
        string tidy = Gaps().Replace(document, m => m.Value.Contains(',') ? ", " : " ")
            .Replace("(, ", "(", StringComparison.Ordinal)
            .Replace(", )", ")", StringComparison.Ordinal);
        return (await FailsAsync(tidy, variables) ? tidy.TrimEnd() : document, variables);
    }

    private async Task<string> ShrinkDocumentAsync(string document, JsonObject variables)
    {
        for (int i = 0; _tries < TriesMax; i++)
        {
            List<Edit> edits = [.. EditsOf(Parser.Parse(document), document)];
            if (i >= edits.Count)
            {
                break;
            }

            string smaller = WithoutUnused(Applied(document, edits[i]));
            if (await FailsAsync(smaller, variables))
            {
                // The next item at the same index may be removable too.
                document = smaller;
                i--;
            }
        }

        return document;
    }

    private async Task<JsonObject> ShrinkVariablesAsync(string document, JsonObject variables)
    {
        for (int i = 0; _tries < TriesMax; i++)
        {
            JsonObject smaller = variables.DeepClone().AsObject();
            List<Action> removals = [.. RemovalsOf(smaller)];
            if (i >= removals.Count)
            {
                break;
            }

            removals[i]();
            if (await FailsAsync(document, smaller))
            {
                variables = smaller;
                i--;
            }
        }

        return variables;
    }

    private async Task<bool> FailsAsync(string document, JsonObject variables)
    {
        _tries++;
        try
        {
            return await fails(document, variables);
        }
        catch (Exception cause) when (cause is not OperationCanceledException)
        {
            // The oracle reads valid operations only, and the rest may be invalid.
            return false;
        }
    }

    private static string Applied(string document, Edit edit) => document[..edit.Start] + edit.Replacement + document[edit.End..];

    // Large parts first: each comes before its own parts.
    private static IEnumerable<Edit> EditsOf(GraphQLDocument document, string text)
    {
        Dictionary<string, GraphQLFragmentDefinition> fragments =
            document.Definitions.OfType<GraphQLFragmentDefinition>().ToDictionary(f => f.FragmentName.Name.StringValue);
        return document.Definitions.SelectMany(definition => definition is GraphQLFragmentDefinition fragment
            ? OfSelections(fragment.SelectionSet, fragments, text)
            : OfSelections(((GraphQLOperationDefinition)definition).SelectionSet, fragments, text));
    }

    private static IEnumerable<Edit> OfSelections(
        GraphQLSelectionSet? selectionSet, IReadOnlyDictionary<string, GraphQLFragmentDefinition> fragments, string text)
    {
        foreach (ASTNode selection in selectionSet?.Selections ?? [])
        {
            if (selectionSet!.Selections.Count > 1)
            {
                yield return Removal(selection);
            }

            IEnumerable<Edit> inside = selection switch
            {
                GraphQLField field => OfArguments(field.Arguments).Concat(OfSelections(field.SelectionSet, fragments, text)),
                GraphQLInlineFragment inline => OfSelections(inline.SelectionSet, fragments, text)
                    .Prepend(Replacement(inline, Inside(inline.SelectionSet, text))),
                GraphQLFragmentSpread spread => [Unfolded(spread, fragments[spread.FragmentName.Name.StringValue], text)],
                _ => [],
            };
            foreach (Edit edit in OfDirectives(((IHasDirectivesNode)selection).Directives).Concat(inside))
            {
                yield return edit;
            }
        }
    }

    private static Edit Unfolded(GraphQLFragmentSpread spread, GraphQLFragmentDefinition fragment, string text) =>
        Replacement(spread, $"... on {fragment.TypeCondition.Type.Name.StringValue} {{ {Inside(fragment.SelectionSet, text)} }}");

    private static IEnumerable<Edit> OfDirectives(GraphQLDirectives? directives) => (directives?.Items ?? []).Select(Removal);

    // The last argument is removed with its parentheses.
    private static IEnumerable<Edit> OfArguments(GraphQLArguments? arguments) => (arguments?.Items ?? []).SelectMany(argument =>
        OfValue(argument.Value).Prepend(arguments!.Items.Count == 1 ? Removal(arguments) : Removal(argument)));

    private static IEnumerable<Edit> OfValue(GraphQLValue value) => value switch
    {
        GraphQLListValue list => (list.Values ?? []).SelectMany(item => OfValue(item).Prepend(Removal(item))),
        GraphQLObjectValue members => (members.Fields ?? []).SelectMany(field => OfValue(field.Value).Prepend(Removal(field))),
        _ => [],
    };

    private static Edit Removal(ASTNode node) => Replacement(node, "");

    private static Edit Replacement(ASTNode node, string text) => new(node.Location.Start, node.Location.End, text);

    private static string Inside(GraphQLSelectionSet selectionSet, string text) =>
        text[(selectionSet.Location.Start + 1)..(selectionSet.Location.End - 1)];

    // Fragments and variables must be used; a removed fragment may have been the last user of another.
    private static string WithoutUnused(string document)
    {
        while (Unused(document) is { } edit)
        {
            document = Applied(document, edit);
        }

        return document;
    }

    private static Edit? Unused(string text)
    {
        GraphQLDocument document = Parser.Parse(text);
        foreach (GraphQLFragmentDefinition fragment in document.Definitions.OfType<GraphQLFragmentDefinition>())
        {
            string name = "..." + fragment.FragmentName.Name.StringValue;
            if (!text.Split([' ', '\n', '\t', '}', '@']).Contains(name))
            {
                return Removal(fragment);
            }
        }

        GraphQLVariablesDefinition? variables = document.Definitions.OfType<GraphQLOperationDefinition>().Single().Variables;
        foreach (GraphQLVariableDefinition variable in variables?.Items ?? [])
        {
            // The declaration itself counts as one use.
            string name = variable.Variable.Name.StringValue;
            if (OperationDraft.VariablesIn(text[..variable.Location.Start] + text[variable.Location.End..]).All(used => used != name))
            {
                return variables!.Items.Count == 1 ? Removal(variables) : Removal(variable);
            }
        }

        return null;
    }

    [GeneratedRegex(@"[\s,]{2,}")]
    private static partial Regex Gaps();

    private static IEnumerable<Action> RemovalsOf(JsonNode? node) => node switch
    {
        JsonObject members => members.ToList().SelectMany(m => RemovalsOf(m.Value).Prepend(() => members.Remove(m.Key))),
        JsonArray items => Enumerable.Range(0, items.Count).SelectMany(i => RemovalsOf(items[i]).Prepend(() => items.RemoveAt(i))),
        _ => [],
    };
}
