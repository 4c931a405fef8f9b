using GraphQL;
using GraphQL.Types;

namespace CityHelper.Engine.Schema;

/// <summary>Information about pagination in a connection (GraphQL Cursor Connections Specification; HotChocolate's descriptions).</summary>
public sealed class PageInfoType : ObjectGraphType
{
    public PageInfoType()
    {
        Name = "PageInfo";
        Description = "Information about pagination in a connection.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<BooleanGraphType>>("hasNextPage")
            .Description("Indicates whether more edges exist following the set defined by the clients arguments.");
        Field<NonNullGraphType<BooleanGraphType>>("hasPreviousPage")
            .Description("Indicates whether more edges exist prior the set defined by the clients arguments.");
        Field<StringGraphType>("startCursor").Description("When paginating backwards, the cursor to continue.");
        Field<StringGraphType>("endCursor").Description("When paginating forwards, the cursor to continue.");
    }
}

/// <summary>An edge in a connection.</summary>
public sealed class EdgeType : ObjectGraphType
{
    public EdgeType(string name, IObjectGraphType row)
    {
        Name = name;
        Description = "An edge in a connection.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<StringGraphType>>("cursor").Description("A cursor for use in pagination.");
        Field("node", new NonNullGraphType(row)).Description("The item at the end of the edge.");
    }
}

/// <summary>A connection to a list of items, named after its field as in HotChocolate.</summary>
public sealed class ConnectionType : ObjectGraphType
{
    /// <summary>The field that counts the rows of all pages.</summary>
    public const string TotalCount = "totalCount";

    public ConnectionType(string fieldName, IObjectGraphType row)
    {
        Row = row;
        string prefix = char.ToUpperInvariant(fieldName[0]) + fieldName[1..];
        Name = prefix + "Connection";
        Description = "A connection to a list of items.";
        this.WithMetadata(EngineTypes.WrittenByEngine, true);
        Field<NonNullGraphType<PageInfoType>>("pageInfo").Description("Information to aid in pagination.");
        Field("edges", new ListGraphType(new NonNullGraphType(new EdgeType(prefix + "Edge", row)))).Description("A list of edges.");
        Field("nodes", new ListGraphType(new NonNullGraphType(row))).Description("A flattened list of the nodes.");
        Field<NonNullGraphType<IntGraphType>>(TotalCount).Description("Identifies the total count of items in the connection.");
    }

    /// <summary>The type of the rows.</summary>
    internal IObjectGraphType Row { get; }
}
