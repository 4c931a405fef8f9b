using System.Globalization;
using GraphQL;
using GraphQL.Types;
using GraphQLParser.AST;

namespace CityHelper.Engine.Cost;

/// <summary><c>@cost</c>: the weight of a field, an argument, an input's member or a type (IBM's cost directive specification).</summary>
public sealed class CostDirective : Directive
{
    public const string DirectiveName = "cost";

    public CostDirective()
        : base(
            DirectiveName,
            DirectiveLocation.Scalar,
            DirectiveLocation.Object,
            DirectiveLocation.FieldDefinition,
            DirectiveLocation.ArgumentDefinition,
            DirectiveLocation.Enum,
            DirectiveLocation.InputFieldDefinition)
    {
        Description = "What it adds to the cost of an operation.";
        Arguments = new QueryArguments(new QueryArgument<NonNullGraphType<StringGraphType>> { Name = "weight", Description = "A number." });
    }
}

/// <summary><c>@listSize</c>: how many items a list counts in the cost.</summary>
public sealed class ListSizeDirective : Directive
{
    public const string DirectiveName = "listSize";

    public ListSizeDirective()
        : base(DirectiveName, DirectiveLocation.FieldDefinition)
    {
        Description = "How many items a list is taken to have when an operation is priced.";
        Arguments = new QueryArguments(
            new QueryArgument<IntGraphType> { Name = "assumedSize", Description = "The size when no argument says it." },
            new QueryArgument<ListGraphType<NonNullGraphType<StringGraphType>>>
            {
                Name = "slicingArguments",
                Description = "Arguments that say the size.",
            },
            new QueryArgument<IntGraphType> { Name = "slicingArgumentDefaultValue", Description = "The size when none of them is given." },
            new QueryArgument<ListGraphType<NonNullGraphType<StringGraphType>>>
            {
                Name = "sizedFields",
                Description = "Fields of the answer that have the size.",
            },
            new QueryArgument<BooleanGraphType>
            {
                Name = "requireOneSlicingArgument",
                DefaultValue = true,
                Description = "Whether exactly one of the arguments must be given.",
            });
    }
}

/// <summary>The arguments of <c>@listSize</c> on a field.</summary>
/// <param name="AssumedSize">The size if no argument gives it.</param>
/// <param name="SlicingArguments">Arguments that give the size.</param>
/// <param name="SlicingDefault">The size if no slicing argument is given; null for the assumed size.</param>
/// <param name="SizedFields">Nested fields that have the size; empty if the field itself is the list.</param>
internal sealed record ListSize(int AssumedSize, string[] SlicingArguments, int? SlicingDefault, string[] SizedFields)
{
    /// <summary>A list argument whose length is the size: the ids of <c>nodes</c>. The directive cannot express it.</summary>
    public string? CountedArgument { get; init; }

    private const string MetadataKey = "CityHelper.ListSize";

    public static ListSize? Of(FieldType field) => field.GetMetadata<ListSize?>(MetadataKey);

    public void AttachTo(FieldType field)
    {
        field.WithMetadata(MetadataKey, this);
        field.ApplyDirective(ListSizeDirective.DirectiveName, directive =>
        {
            directive.AddArgument(new DirectiveArgument("assumedSize") { Value = AssumedSize });
            if (SlicingArguments.Length > 0)
            {
                directive.AddArgument(new DirectiveArgument("slicingArguments") { Value = SlicingArguments });
                if (SlicingDefault is { } size)
                {
                    directive.AddArgument(new DirectiveArgument("slicingArgumentDefaultValue") { Value = size });
                }
            }

            if (SizedFields.Length > 0)
            {
                directive.AddArgument(new DirectiveArgument("sizedFields") { Value = SizedFields });
            }

            directive.AddArgument(new DirectiveArgument("requireOneSlicingArgument") { Value = false });
        });
    }
}

/// <summary>The weight that <c>@cost</c> gives.</summary>
internal static class Weight
{
    private const string MetadataKey = "CityHelper.Weight";
    private const string StatementKey = "CityHelper.WeightOfStatement";

    /// <summary>The weight of a field, argument or member; null without one.</summary>
    public static double? Of(IMetadataReader element) => element.GetMetadata<double?>(MetadataKey);

    /// <summary>Whether the weight of a field counts once for each statement, instead of once for each parent object.</summary>
    public static bool IsOfStatement(IMetadataReader field) => field.GetMetadata<bool>(StatementKey);

    public static void Attach(IMetadataWriter element, double weight)
    {
        element.WithMetadata(MetadataKey, (double?)weight);
        element.ApplyDirective(CostDirective.DirectiveName, "weight", weight.ToString(CultureInfo.InvariantCulture));
    }

    /// <summary>Attaches a weight that counts for each statement: that of a count, or of a search around the rows of a list.</summary>
    public static void AttachToStatement(FieldType field, double weight)
    {
        Attach(field, weight);
        field.WithMetadata(StatementKey, true);
    }
}
