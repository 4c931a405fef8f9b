using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text;
using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Types;
using GraphQL.Validation;
using GraphQL.Validation.Errors;
using GraphQL.Validation.Rules;
using GraphQLParser;
using GraphQLParser.AST;
using GraphQLParser.Exceptions;

namespace CityHelper.Engine.Documents;

/// <summary>Compiles a text to an <see cref="Operation"/>: parses it under limits and validates it, without variables.</summary>
/// <exception cref="InvalidOperationException">The schema has fields that no plan can read.</exception>
public sealed class OperationCompiler(ISchema schema)
{
    private static readonly ParserOptions s_parserOptions = new() { MaxDepth = Limits.DocumentDepthMax, Ignore = IgnoreOptions.Comments };

    // FieldMerge replaces that rule.
    private static readonly IValidationRule[] s_rules =
        [.. DocumentValidator.CoreRules.Where(rule => rule is not OverlappingFieldsCanBeMerged)];

    // These run first and alone: the rule for defaults throws if a variable has no input type.
    private static readonly IValidationRule[] s_variableRules = [KnownTypeNames.Instance, VariablesAreInputTypes.Instance];

    private readonly DocumentValidator _validator = new();
    private readonly ISchema _schema = Initialized(schema);

    /// <summary>The id of a text: SHA-256 of its UTF-8, lower-case hex.</summary>
    public static string IdOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>Parses and validates a document.</summary>
    /// <param name="text">A GraphQL document.</param>
    /// <param name="operationName">The operation to run; null if the document has only one.</param>
    /// <param name="cancellation">Ends the validation.</param>
    /// <returns>The operation, or the errors.</returns>
    public async ValueTask<CompiledOperation> CompileAsync(string text, string? operationName, CancellationToken cancellation)
    {
        if (text.Length > Limits.DocumentCharsMax)
        {
            return CompiledOperation.Refused(new OperationTooLargeError(
                $"The document has {text.Length} characters, {Limits.DocumentCharsMax} are allowed: split it."));
        }

        // The parser's message of a syntax error counts a carriage return as a separate line, and fails beyond the last. Lines keep their
        // numbers, and no value changes: block strings have line feeds instead of carriage returns (spec 2.9.4).
        string lines = text.Contains('\r', StringComparison.Ordinal)
            ? text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n')
            : text;
        if (DocumentTokens.Check(lines) is { } tooLong)
        {
            return CompiledOperation.Refused(tooLong);
        }

        if (!TryParse(lines, out GraphQLDocument? document, out RequestError? syntaxError))
        {
            return CompiledOperation.Refused(syntaxError);
        }

        (GraphQLOperationDefinition? definition, RequestError? refusal) = Choose(document, operationName);
        if (definition is null || (refusal = DocumentLimits.Check(document)) is not null)
        {
            return CompiledOperation.Refused(refusal!);
        }

        // GraphQL.NET's rules assume that the root type exists.
        if (_schema.RootOf(definition.Operation) is not { } root)
        {
            return CompiledOperation.Refused(new OperationKindUnknownError(definition.Operation.ToString().ToLowerInvariant()));
        }

        List<RequestError> errors = await ValidateAsync(document, definition, cancellation);
        if (errors.Count > 0)
        {
            return new CompiledOperation(null, errors);
        }

        if (FieldMerge.Check(document, lines, _schema) is { } conflict)
        {
            return CompiledOperation.Refused(conflict);
        }

        try
        {
            IReadOnlyList<VariableDefinition> variables = VariableDefinition.Of(definition, _schema);
            return new CompiledOperation(new Operation(IdOf(text), text.Length, document, definition, root, variables), []);
        }
        catch (InputException cause)
        {
            return CompiledOperation.Refused(cause.Error ?? new LiteralInvalidError(cause.Message));
        }
    }

    private static ISchema Initialized(ISchema schema)
    {
        schema.Initialize();
        BindingCheck.Verify(schema);
        return schema;
    }

    private static bool TryParse(
        string text,
        [NotNullWhen(true)] out GraphQLDocument? document,
        [NotNullWhen(false)] out RequestError? error)
    {
        try
        {
            document = Parser.Parse(text, s_parserOptions);
            error = null;
            return true;
        }
        catch (GraphQLSyntaxErrorException cause)
        {
            // After its first line, the parser's message repeats the text.
            string firstLine = cause.Message.Split('\n', 2)[0].TrimEnd();
            error = new SyntaxError(firstLine) { Locations = [(cause.Location.Line, cause.Location.Column)] };
        }
        catch (GraphQLMaxDepthExceededException)
        {
            error = new OperationTooLargeError($"The document is nested deeper than {Limits.DocumentDepthMax} levels: flatten it.");
        }

        document = null;
        return false;
    }

    private static (GraphQLOperationDefinition? Operation, RequestError? Error) Choose(GraphQLDocument document, string? name)
    {
        GraphQLOperationDefinition[] operations = [.. document.Definitions.OfType<GraphQLOperationDefinition>()];
        if (name is not null)
        {
            GraphQLOperationDefinition? named = operations.FirstOrDefault(o => o.Name?.StringValue == name);
            return (named, named is null ? new OperationNameUnknownError(name) : null);
        }

        return operations.Length switch
        {
            1 => (operations[0], null),
            0 => (null, new OperationMissingError()),
            _ => (null, new OperationNameMissingError()),
        };
    }

    private async ValueTask<List<RequestError>> ValidateAsync(
        GraphQLDocument document, GraphQLOperationDefinition definition, CancellationToken cancellation)
    {
        // Once all rules hold, the validator checks variables. None are given here, so their errors mean nothing.
        ExecutionError[] errors =
        [
            .. (await ValidateAsync(document, definition, s_variableRules, cancellation)).Where(e =>
                e is KnownTypeNamesError or VariablesAreInputTypesError),
        ];
        if (errors.Length == 0)
        {
            errors = [.. (await ValidateAsync(document, definition, s_rules, cancellation)).Where(e => e is not InvalidVariableError)];
        }

        return [.. errors.Take(Limits.ErrorsMax).Select(EngineErrors.ToRequestError)];
    }

    private async ValueTask<ExecutionErrors> ValidateAsync(
        GraphQLDocument document, GraphQLOperationDefinition definition, IEnumerable<IValidationRule> rules, CancellationToken cancellation)
    {
        IValidationResult result = await _validator.ValidateAsync(new ValidationOptions
        {
            Schema = _schema,
            Document = document,
            Operation = definition,
            Rules = rules,
            Variables = Inputs.Empty,
            CancellationToken = cancellation,
        });
        return result.Errors;
    }
}

/// <summary>An operation, or the errors why there is none.</summary>
public sealed record CompiledOperation(Operation? Operation, IReadOnlyList<RequestError> Errors)
{
    internal static CompiledOperation Refused(RequestError error) => new(null, [error]);
}
