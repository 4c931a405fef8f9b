using System.Globalization;
using System.Text;
using System.Text.Json;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Schema.Bindings;
using CityHelper.Engine.Transport;
using GraphQLParser.AST;

namespace CityHelper.Checks.TestCases;

/// <summary>
/// Finds the cursor of a connection's deepest page by querying the connection: its last page, read from the end where possible, else some
/// pages from the beginning.
/// </summary>
/// <param name="compiler">Compiles the query.</param>
/// <param name="pipeline">Runs it.</param>
internal sealed class DeepestPage(OperationCompiler compiler, Pipeline pipeline)
{
    private const string PageInfo = "pageInfo";

    private static readonly HashSet<string> s_pageArguments =
    [
        ConnectionBinding.FirstArgument, ConnectionBinding.AfterArgument, ConnectionBinding.LastArgument, ConnectionBinding.BeforeArgument,
    ];

    /// <summary>Finds the cursor that a variable takes.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="use">Where the variable is used: as <c>after</c> or <c>before</c> of a connection.</param>
    /// <param name="variables">The other variables of the request; cursors belong to their filter and order.</param>
    /// <param name="cancellation">Cancels the search.</param>
    /// <returns>Null when the list has no page so deep, or is refused.</returns>
    public async Task<string?> FindAsync(Operation operation, VariableUse use, JsonElement variables, CancellationToken cancellation)
    {
        bool forward = use.Argument == ConnectionBinding.AfterArgument;
        string page = Engine.Limits.PageRowsMax.ToString(CultureInfo.InvariantCulture);
        if (!forward)
        {
            return await AskAsync(operation, use, variables, $"first: {page}", "endCursor", cancellation);
        }

        if (use.Field.Arguments!.Find(ConnectionBinding.LastArgument) is not null)
        {
            return await AskAsync(operation, use, variables, $"last: {page}", "startCursor", cancellation);
        }

        string? cursor = null;
        for (int pages = 0; pages < Limits.PagesTurnedMax; pages++)
        {
            string after = cursor is null ? "" : $", after: {JsonSerializer.Serialize(cursor)}";
            if (await AskAsync(operation, use, variables, $"first: {page}{after}", "endCursor", cancellation) is not { } next)
            {
                break;
            }

            cursor = next;
        }

        return cursor;
    }

    private async Task<string?> AskAsync(
        Operation operation, VariableUse use, JsonElement variables, string page, string member, CancellationToken cancellation)
    {
        string text = Question(operation, use, page, member);
        if ((await compiler.CompileAsync(text, operationName: null, cancellation)).Operation is not { } question)
        {
            throw new InvalidOperationException($"No question can be made of {use.Coordinate} in {operation.Name}: {text}");
        }

        using OperationResult result = await pipeline.ExecuteAsync(question, variables, RunOptions.Default, cancellation);
        using JsonDocument answer = JsonDocument.Parse(result.Json.ToArray());
        return answer.RootElement.TryGetProperty("data", out JsonElement data) ? Find(data, member)?.GetString() : null;
    }

    /// <summary>
    /// Reduces the operation to one connection: its parent fields, its arguments without those of the page, and the page's cursor.
    /// </summary>
    private static string Question(Operation operation, VariableUse use, string page, string member)
    {
        var selection = new StringBuilder();
        var used = new HashSet<string>(StringComparer.Ordinal);
        foreach (ASTNode node in use.Path)
        {
            switch (node)
            {
                case GraphQLField field:
                    bool isLast = node == use.Path[^1];
                    string[] arguments = [.. (field.Arguments ?? Enumerable.Empty<GraphQLArgument>())
                        .Where(argument => !isLast || !s_pageArguments.Contains(argument.Name.StringValue))
                        .Select(argument => Text(operation, argument, used))];
                    string all = string.Join(", ", isLast ? [page, .. arguments] : arguments);
                    selection.Append($"{field.Name.StringValue}{(all.Length == 0 ? "" : $"({all})")} {{ ");
                    break;
                case GraphQLInlineFragment { TypeCondition: { } condition }:
                    selection.Append($"... on {condition.Type.Name.StringValue} {{ ");
                    break;
                case GraphQLInlineFragment:
                    selection.Append("... { ");
                    break;
                case GraphQLFragmentDefinition fragment:
                    selection.Append($"... on {fragment.TypeCondition.Type.Name.StringValue} {{ ");
                    break;
            }
        }

        string definitions = string.Join(", ", (operation.Definition.Variables?.Items ?? [])
            .Where(v => used.Contains(v.Variable.Name.StringValue))
            .Select(v => Slice(operation, v)));
        string head = definitions.Length == 0 ? "query" : $"query({definitions})";
        return $"{head} {{ {selection}{PageInfo} {{ {member} }} {new string('}', use.Path.Count)} }}";
    }

    private static string Text(Operation operation, GraphQLArgument argument, HashSet<string> used)
    {
        Note(argument.Value, used);
        return Slice(operation, argument);
    }

    private static void Note(GraphQLValue value, HashSet<string> used)
    {
        switch (value)
        {
            case GraphQLVariable variable:
                used.Add(variable.Name.StringValue);
                break;
            case GraphQLListValue list:
                list.Values?.ForEach(item => Note(item, used));
                break;
            case GraphQLObjectValue members:
                members.Fields?.ForEach(field => Note(field.Value, used));
                break;
        }
    }

    private static string Slice(Operation operation, ASTNode node) =>
        operation.Document.Source.ToString()[node.Location.Start..node.Location.End];

    // The first one found: within a list each row has its own page.
    private static JsonElement? Find(JsonElement value, string member) => value.ValueKind switch
    {
        JsonValueKind.Object when value.TryGetProperty(member, out JsonElement cursor) =>
            cursor.ValueKind == JsonValueKind.String ? cursor : null,
        JsonValueKind.Object => value.EnumerateObject().Select(property => Find(property.Value, member)).FirstOrDefault(IsFound),
        JsonValueKind.Array => value.EnumerateArray().Select(item => Find(item, member)).FirstOrDefault(IsFound),
        _ => null,
    };

    private static bool IsFound(JsonElement? found) => found is not null;
}
