using CityHelper.Engine.Schema.Bindings;
using GraphQL;
using GraphQL.Resolvers;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Declares fields of <c>Subscription</c>: the changes of rows that the log tells. A feature calls it once at start.</summary>
/// <param name="subscription">The <c>Subscription</c> type.</param>
/// <param name="rows">The rows.</param>
/// <param name="rowType">Their GraphQL type.</param>
/// <param name="tenants">The tenants whose rows they are.</param>
public sealed class SubscriptionFields(IObjectGraphType subscription, LoggedRows rows, Type rowType, ITenantDirectory tenants)
{
    private const string AfterDescription =
        "Where to go on: a place of the change log, such as the `cursor` of an event or the position of an answer; the smallest of all "
            + "that is shown. Without it the first event is `RESYNC`.";

    private readonly RowChangeType _change = new(rows, rowType);
    private readonly ChangeWhereInputs _where = new();

    /// <summary>The changes of a tenant's rows, within an area and under conditions.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="tenant">The argument that names the tenant.</param>
    /// <param name="tenantDescription">Its description in the schema.</param>
    /// <param name="description">The field's description in the schema.</param>
    public FieldType RowsChanged(string name, TenantArgument tenant, string tenantDescription, string description) => Add(
        name,
        description,
        new SubscriptionBinding(rows, tenants, tenant),
        new QueryArgument<NonNullGraphType<StringGraphType>> { Name = tenant.Name, Description = tenantDescription },
        new QueryArgument<AreaInput>
        {
            Name = SubscriptionBinding.AreaArgument,
            Description =
                $"Only changes of what lies, or lay, within it. A polygon has at most {Limits.SubscriptionPositionsMax} positions here.",
        },
        new QueryArgument(_where.Of(rows))
        {
            Name = SubscriptionBinding.FilterArgument,
            Description = "Only changes of what these conditions hold for, or held for.",
        },
        new QueryArgument<StringGraphType> { Name = SubscriptionBinding.AfterArgument, Description = AfterDescription });

    /// <summary>The changes of one row, by its global id.</summary>
    /// <param name="name">The field's name.</param>
    /// <param name="description">The field's description in the schema.</param>
    public FieldType RowUpdated(string name, string description) => Add(
        name,
        description,
        new SubscriptionBinding(rows, tenants, Tenant: null),
        new QueryArgument<NonNullGraphType<IdGraphType>>
        {
            Name = SubscriptionBinding.IdArgument,
            Description = "The `id` that the server gave.",
        },
        new QueryArgument<StringGraphType> { Name = SubscriptionBinding.AfterArgument, Description = AfterDescription });

    private FieldType Add(string name, string description, SubscriptionBinding binding, params QueryArgument[] arguments) =>
        binding.AttachTo(subscription.AddField(new FieldType
        {
            Name = name,
            ResolvedType = new NonNullGraphType(_change),
            Description = description,
            Arguments = new QueryArguments(arguments),

            // GraphQL.NET demands it of a subscription's fields. The engine plans them.
            StreamResolver = new SourceStreamResolver<object>(Unused),
        }));

    private static IObservable<object?> Unused(IResolveFieldContext context) =>
        throw new InvalidOperationException("Subscriptions are planned, not resolved.");
}

/// <summary>A change of a row.</summary>
internal sealed class RowChangeType : ObjectGraphType
{
    public RowChangeType(LoggedRows rows, Type rowType)
    {
        string row = rows.Entity.Name;
        Name = $"{row}Change";
        Description = $"What has become of a row of {row}, or how the subscription goes on.";
        Add(
            "kind",
            new NonNullGraphType(new UpperSnakeEnumType<RowChangeKind> { Name = $"{row}ChangeKind" }),
            "What it means to the subscription.",
            new ChangeKindBinding());
        Add(
            "cursor",
            typeof(NonNullGraphType<StringGraphType>),
            "Its place in the change log, for `after` of the next subscription and for `CityHelper-At-Least` of a query.",
            new ChangeCursorBinding());
        Add("at", typeof(DateTimeType), "When it was made; null for `RESUMED` and `RESYNC`.", new ChangeTimeBinding());
        Add("id", typeof(IdGraphType), "What has changed; null for `RESUMED` and `RESYNC`.", new ChangeIdBinding(rows.Entity));
        for (int i = 0; i < rows.Columns.Count; i++)
        {
            if (rows.Columns[i] is { IsShown: true } shown)
            {
                Type leaf = EngineTypes.Leaf(shown.Column.ValueType, nullable: true);
                Add(
                    shown.Name,
                    leaf,
                    $"Its {shown.Name} after the change; null when it was removed or redacted.",
                    new ChangeValueBinding(i, IsBefore: false));
                Add(
                    $"previous{char.ToUpperInvariant(shown.Name[0])}{shown.Name[1..]}",
                    leaf,
                    $"Its {shown.Name} before the change; null when it is new.",
                    new ChangeValueBinding(i, IsBefore: true));
            }
        }

        Add(
            char.ToLowerInvariant(row[0]) + row[1..],
            rowType,
            "As it is when the event is sent, so at least as new as the change; null when it is gone.",
            new ChangeRowBinding(rows.Entity));
    }

    private void Add(string name, Type type, string description, FieldBinding binding) =>
        binding.AttachTo(AddField(new FieldType { Name = name, Type = type, Description = description }));

    private void Add(string name, IGraphType type, string description, FieldBinding binding) =>
        binding.AttachTo(AddField(new FieldType { Name = name, ResolvedType = type, Description = description }));
}

/// <summary>Conditions on rows, before or after a change.</summary>
public sealed class ChangeWhereInput : InputObjectGraphType;

/// <summary>
/// The inputs of <c>where</c>: the part of a query's filter that the change log can answer. What is valid here, a query takes too.
/// </summary>
internal sealed class ChangeWhereInputs
{
    internal const string Equal = "eq";
    internal const string In = "in";

    private readonly Dictionary<string, InputObjectGraphType> _ofLeaves = [];

    /// <summary>The conditions on rows.</summary>
    public ChangeWhereInput Of(LoggedRows rows)
    {
        var where = new ChangeWhereInput
        {
            Name = $"{rows.Entity.Name}ChangeWhereInput",
            Description = $"Conditions on {rows.Entity.Name}, before or after a change; those of one object must all hold.",
        };
        foreach (LoggedColumn column in rows.Columns)
        {
            where.AddField(new FieldType
            {
                Name = column.Name,
                ResolvedType = column.Reference is { } reference ? OfReference(reference) : OfLeaf(column.Column.ValueType),
                Description = $"Conditions on its {column.Name}.",
            });
        }

        return where;
    }

    private InputObjectGraphType OfReference(LoggedReference reference)
    {
        var input = new InputObjectGraphType
        {
            Name = $"{reference.Target.Name}ChangeWhereInput",
            Description = $"Conditions on {reference.Target.Name}; those of one object must all hold.",
        };
        input.AddField(new FieldType
        {
            Name = MemberOf(reference),
            ResolvedType = OfLeaf(reference.Label.ValueType),
            Description = $"Conditions on its {MemberOf(reference)}.",
        });
        return input;
    }

    /// <summary>The member of a reference's input.</summary>
    internal static string MemberOf(LoggedReference reference) => reference.Label.Name;

    private InputObjectGraphType OfLeaf(Type valueType)
    {
        Type leaf = EngineTypes.Leaf(valueType, nullable: true);
        string name = valueType.IsEnum ? valueType.Name : OperationFilterInput.NameOf(leaf);
        if (_ofLeaves.TryGetValue(name, out InputObjectGraphType? known))
        {
            return known;
        }

        // As in HotChocolate's filters, list elements of an enum are non-null and those of a scalar are nullable.
        Type element = valueType.IsEnum ? EngineTypes.Leaf(valueType, nullable: false) : leaf;
        var input = new InputObjectGraphType
        {
            Name = $"{name}ChangeWhereInput",
            Description = $"Conditions on a value of type {name}; those of one object must all hold.",
        };
        input.AddField(new FieldType { Name = Equal, Type = leaf, Description = "Equal to; null finds what has no value." });
        input.AddField(new FieldType
        {
            Name = In, Type = typeof(ListGraphType<>).MakeGenericType(element), Description = "Equal to one of.",
        });
        _ofLeaves.Add(name, input);
        return input;
    }
}
