using System.Text;
using System.Text.Json;
using CityHelper.Engine.Operations;
using GraphQL;
using GraphQL.SystemTextJson;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQLParser.AST;

namespace CityHelper.Engine.Execution;

/// <summary>Lets GraphQL.NET answer <c>__schema</c> and <c>__type</c>: what it is better at than a plan.</summary>
internal sealed class IntrospectionRunner(ISchema schema)
{
    private readonly DocumentExecuter _executer = new();
    private readonly GraphQLSerializer _serializer = new();

    /// <summary>Runs the meta fields of an operation alone.</summary>
    /// <returns>The JSON of each by response name.</returns>
    public async Task<IReadOnlyDictionary<string, byte[]>> RunAsync(
        Operation operation, IReadOnlyList<GraphQLField> fields, JsonElement variables, CancellationToken cancellation)
    {
        ExecutionResult result = await _executer.ExecuteAsync(new ExecutionOptions
        {
            Schema = schema,
            Document = Document(operation, fields),
            Variables = variables.ValueKind == JsonValueKind.Object ? _serializer.ReadNode<Inputs>(variables) : null,

            // The whole document was validated; what is left of it here may well leave fragments and variables unused.
            ValidationRules = Enumerable.Empty<IValidationRule>(),
            CancellationToken = cancellation,
        });
        if (result.Errors is { Count: > 0 } errors)
        {
            throw new InvalidOperationException($"Introspection failed: {errors[0].Message}", errors[0]);
        }

        using var stream = new MemoryStream();
        await _serializer.WriteAsync(stream, result, cancellation);
        using JsonDocument json = JsonDocument.Parse(stream.GetBuffer().AsMemory(0, (int)stream.Length));
        return json.RootElement.GetProperty("data").EnumerateObject()
            .ToDictionary(member => member.Name, member => Encoding.UTF8.GetBytes(member.Value.GetRawText()));
    }

    private static GraphQLDocument Document(Operation operation, IReadOnlyList<GraphQLField> fields)
    {
        var selection = new GraphQLSelectionSet([.. fields]);
        var definition = new GraphQLOperationDefinition(selection)
        {
            Operation = OperationType.Query,
            Name = operation.Definition.Name,
            Variables = operation.Definition.Variables,
        };
        return new GraphQLDocument([definition, .. operation.Fragments.Values]);
    }
}
